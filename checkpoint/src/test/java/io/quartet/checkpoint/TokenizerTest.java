package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
  private static final int ROUNDS = 2000;

  @TempDir static Path directory;
  private static BpeVocabulary vocabulary;
  private static Tokenizer tokenizer;

  @BeforeAll
  static void train() {
    List<String> texts = new ArrayList<>();
    texts.add(Texts.zipf(new Random(1), 500, 20_000));
    for (int i = 0; i < 500; i++) {
      texts.add(Texts.unicode(new Random(-1 - i)));
    }
    vocabulary = new BpeTrainer(800).train(texts, Map.of(" fox", 1000L));
    TokenizerFiles.write(directory, vocabulary);
    tokenizer = Tokenizer.load(directory);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void anyTextComesBackFromItsTokens() {
    for (int seed = 0; seed < ROUNDS; seed++) {
      String text = Texts.unicode(new Random(seed));

      assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
    }
  }

  @Test
  void encodingIsThatOfTheMergesApplied() {
    var reference = new ReferenceBpe(vocabulary);
    for (int seed = 0; seed < ROUNDS; seed++) {
      String text = Texts.settledUnicode(new Random(seed));

      assertThat(tokenizer.encode(text)).as(text).isEqualTo(reference.encode(text));
    }
  }

  @Test
  void anyTokensAndAnyBytesDecodeAsHuggingFaceDecodesThem() throws IOException {
    try (var huggingFace = HuggingFaceTokenizer.newInstance(directory.resolve("tokenizer.json"))) {
      for (int seed = 0; seed < ROUNDS; seed++) {
        int[] ids = seed % 2 == 0 ? randomTokens(new Random(seed)) : randomBytes(new Random(seed));

        String expected = huggingFace.decode(Arrays.stream(ids).asLongStream().toArray(), true);
        assertThat(tokenizer.decode(ids)).as(Arrays.toString(ids)).isEqualTo(expected);
      }
    }
  }

  @Test
  void everyByteIsAToken() {
    for (int b = 0; b < 256; b++) {
      assertThat(tokenizer.bytes(BpeVocabulary.FIRST_BYTE + b)).containsExactly(b);
    }
  }

  @Test
  void aTextHasNoFewerTokensThanItsLengthTells() {
    byte[] longest =
        IntStream.range(0, tokenizer.vocabularySize())
            .mapToObj(tokenizer::bytes)
            .max(Comparator.comparingInt(bytes -> bytes.length))
            .orElseThrow();
    String dense = new String(longest, StandardCharsets.UTF_8).repeat(1000);

    assertThat(tokenizer.fewestTokens(dense)).isBetween(1, tokenizer.encode(dense).length);
    for (int seed = 0; seed < ROUNDS; seed++) {
      String text = Texts.unicode(new Random(seed));
      assertThat(tokenizer.fewestTokens(text)).isLessThanOrEqualTo(tokenizer.encode(text).length);
    }
  }

  @Test
  void whereTextMayBeLostItsLengthTellsNothing() throws IOException {
    Path other = Files.createTempDirectory(directory, "other");
    String text = Files.readString(directory.resolve("tokenizer.json"));
    for (String losing :
        List.of(
            text.replace("\"normalizer\" : null", "\"normalizer\" : {\"type\": \"NFKC\"}"),
            text.replace("\"Isolated\"", "\"Removed\""),
            text.replace("\"ÿ\" :", "\"never\" :"),
            text.replaceFirst("\"rstrip\" : false", "\"rstrip\" : true"))) {
      assertThat(losing).isNotEqualTo(text);
      Files.writeString(other.resolve("tokenizer.json"), losing);
      try (var lossy = Tokenizer.load(other)) {
        assertThat(lossy.fewestTokens("x".repeat(1000))).isZero();
      }
    }
  }

  @Test
  void streamedTextIsTheDecodedTextInWholeCharacters() {
    for (int seed = 0; seed < ROUNDS; seed++) {
      int[] ids =
          seed % 2 == 0
              ? randomTokens(new Random(seed))
              : tokenizer.encode(Texts.unicode(new Random(seed)));
      TokenStream stream = tokenizer.stream();
      var text = new StringBuilder();
      for (int id : ids) {
        String piece = stream.push(id);
        assertThat(piece.codePoints().noneMatch(TokenizerTest::isSurrogate)).isTrue();
        text.append(piece);
      }
      text.append(stream.flush());

      assertThat(text.toString()).isEqualTo(tokenizer.decode(ids));
    }
  }

  @Test
  void characterIsHeldBackUntilItsLastByte() {
    TokenStream stream = tokenizer.stream();
    List<String> pieces = new ArrayList<>();
    for (byte b : "é😀".getBytes(StandardCharsets.UTF_8)) {
      pieces.add(stream.push(BpeVocabulary.FIRST_BYTE + (b & 0xff)));
    }

    assertThat(pieces).containsExactly("", "é", "", "", "", "😀");
    assertThat(stream.push(BpeVocabulary.FIRST_BYTE + 0xf0)).isEmpty();
    assertThat(stream.flush()).isEqualTo("\ufffd");
    assertThat(stream.push(BpeVocabulary.FIRST_BYTE + 'x')).isEqualTo("x");
  }

  @Test
  void specialTokensSpelledInTextAreText() {
    int[] ids = tokenizer.encode("a<|end|>b");

    assertThat(ids).doesNotContain(SpecialTokens.END_ID);
    assertThat(tokenizer.decode(ids)).isEqualTo("a<|end|>b");
  }

  @Test
  void renderedTemplateHasSpecialTokensAndDecodesWithoutThem() {
    int[] ids = tokenizer.encodeWithSpecials("<|user|> fox<|end|>");

    assertThat(ids)
        .containsExactly(SpecialTokens.USER_ID, tokenizer.encode(" fox")[0], SpecialTokens.END_ID);
    assertThat(tokenizer.decode(ids)).isEqualTo(" fox");
  }

  @Test
  void specialTokensHaveTheirIds() {
    for (int id = 0; id < SpecialTokens.ALL.size(); id++) {
      assertThat(tokenizer.specialToken(SpecialTokens.ALL.get(id))).isEqualTo(id);
      assertThat(tokenizer.bytes(id)).isEmpty();
    }
    assertThat(tokenizer.vocabularySize()).isEqualTo(vocabulary.size()).isEqualTo(800);
    assertFails(
        () -> tokenizer.specialToken("<|tool|>"),
        ErrorCode.NOT_FOUND,
        "no special token '<|tool|>', only [<|endoftext|>, <|system|>");
  }

  @Test
  void loneSurrogateBecomesTheReplacementCharacter() {
    assertThat(tokenizer.decode(tokenizer.encode("a\ud83d b\ude00"))).isEqualTo("a\ufffd b\ufffd");
  }

  @Test
  void longTextIsNotCut() {
    String text = "fox ".repeat(50_000);

    assertThat(tokenizer.decode(tokenizer.encode(text))).isEqualTo(text);
  }

  @Test
  void threadsShareATokenizer() {
    List<String> texts = new ArrayList<>();
    for (int seed = 0; seed < 200; seed++) {
      texts.add(Texts.unicode(new Random(seed)));
    }

    assertThat(texts.parallelStream().map(text -> tokenizer.decode(tokenizer.encode(text))))
        .containsExactlyElementsOf(texts);
  }

  @Test
  void tokenOutsideTheVocabularyIsOutOfRange() {
    assertFails(
        () -> tokenizer.decode(800), ErrorCode.OUT_OF_RANGE, "token 800, expected 0 to 799");
    assertFails(() -> tokenizer.stream().push(-1), ErrorCode.OUT_OF_RANGE, "token -1");
  }

  @Test
  void fileThatIsNoByteLevelTokenizerIsRefused() throws IOException {
    Path other = Files.createTempDirectory(directory, "other");
    Path file = other.resolve("tokenizer.json");
    assertFails(() -> Tokenizer.load(other), ErrorCode.NOT_FOUND, "tokenizer.json");
    String text = Files.readString(directory.resolve("tokenizer.json"));
    for (String broken :
        List.of(
            "",
            "{}",
            "[]",
            text.substring(0, 1000),
            text.replace("\"BPE\"", "\"WordPiece\""),
            text.replace("\"merges\" : [", "\"merges\" : [ \"x y z\","))) {
      Files.writeString(file, broken);
      assertFails(() -> Tokenizer.load(other), ErrorCode.INVALID_ARGUMENT, "tokenizer.json: ");
    }
  }

  @Test
  void sameVocabularyGivesTheSameBytes() throws IOException {
    Path again = Files.createTempDirectory(directory, "again");
    TokenizerFiles.write(again, new BpeVocabulary(vocabulary.merges()));
    Path copy = Files.createTempDirectory(directory, "copy");
    TokenizerFiles.copy(directory, copy);

    for (String name : TokenizerFiles.NAMES) {
      assertThat(again.resolve(name)).hasSameBinaryContentAs(directory.resolve(name));
      assertThat(copy.resolve(name)).hasSameBinaryContentAs(directory.resolve(name));
    }
    assertFails(
        () -> TokenizerFiles.copy(directory.resolve("absent"), copy),
        ErrorCode.NOT_FOUND,
        "no file ");
  }

  /** Mostly beginnings and continuations of characters, so that they nearly fit. */
  private static int[] randomBytes(Random random) {
    return random
        .ints(random.nextInt(20), 0, 256)
        .map(b -> BpeVocabulary.FIRST_BYTE + (b < 64 ? 0xe0 + b % 32 : b))
        .toArray();
  }

  private static boolean isSurrogate(int codePoint) {
    return codePoint >= 0xd800 && codePoint <= 0xdfff;
  }

  private static int[] randomTokens(Random random) {
    return random.ints(random.nextInt(20), 0, vocabulary.size()).toArray();
  }
}
