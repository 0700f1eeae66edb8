package io.quartet.gateway.openai;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.BpeVocabulary;
import io.quartet.checkpoint.SpecialTokens;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.decoder.ScoredToken;
import io.quartet.decoder.ScoredToken.Alternative;
import io.quartet.gateway.AnswerSink;
import io.quartet.v1.FinishReason;
import io.quartet.v1.SamplingParameters;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code logprobs} of a completion says of tokens that are not text by themselves. */
class CompletionChoiceTest {
  private static final int PADDING = 5000; // beyond the tokenizer
  private static final int MORE_PADDING = 5001;

  private static final String LIKE_LLAMAS =
      """
      {"version": "1.0", "added_tokens": [
         {"id": 0, "content": "<s>", "single_word": false, "lstrip": false, "rstrip": false,
          "normalized": false, "special": true}],
       "model": {"type": "BPE", "vocab": {"<s>": 0, "▁": 1, "a": 2, "b": 3}, "merges": []},
       "decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"},
         {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}}
      """;

  @TempDir Path folder;
  private Tokenizer tokenizer;

  @BeforeEach
  void load() {
    TokenizerFiles.write(
        folder, new BpeTrainer(BpeVocabulary.FIRST_MERGE).train(List.of("a"), Map.of()));
    tokenizer = Tokenizer.load(folder);
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void specialTokensArePutByNameAndPartsOfCharactersInBytes() {
    JsonNode told =
        told(
            new ScoredToken(SpecialTokens.END_ID, -1.5f, alternatives(SpecialTokens.USER_ID, -1)),
            new ScoredToken(token(0xe2), -2, alternatives(token(0x80), -1)));

    assertThat(told)
        .isEqualTo(
            OpenAiFixture.quoted(
                "{'tokens': ['<|end|>', 'bytes:\\\\xe2'], 'token_logprobs': [-1.5, -2.0],"
                    + " 'top_logprobs': [{'<|user|>': -1.0, '<|end|>': -1.5},"
                    + " {'bytes:\\\\x80': -1.0, 'bytes:\\\\xe2': -2.0}],"
                    + " 'text_offset': [0, 0]}"));
  }

  @Test
  void placesAreCountedInCodePoints() {
    var bytes = "😀xy".getBytes(UTF_8);
    ScoredToken[] tokens = new ScoredToken[bytes.length];
    Arrays.setAll(tokens, i -> scored(token(bytes[i] & 0xff)));

    assertThat(told(tokens).get("text_offset")).isEqualTo(OpenAiFixture.json("[0, 0, 0, 0, 1, 2]"));
  }

  @Test
  void theSpaceThatATokenizerPutsBeforeATextHasNoPlaceInIt(@TempDir Path other) throws IOException {
    Files.writeString(other.resolve(TokenizerFiles.TOKENIZER), LIKE_LLAMAS);
    try (var llamas = Tokenizer.load(other)) {
      int[] prompt = {0, 1, 2, 1};
      var knobs = SamplingParameters.newBuilder().setPromptLogProbs(true).build();
      var choice = new CompletionChoice(0, true, true);
      choice.begin(new AnswerSink.Beginning("sft/talk/1", knobs, prompt, llamas));
      List<ScoredToken> scored = Stream.of(1, 2, 1).map(CompletionChoiceTest::scored).toList();
      JsonNode whole =
          json(choice.whole(scored, "b", List.of(scored(3)), FinishReason.FINISH_REASON_STOP));

      assertThat(whole.get("text").asText()).isEqualTo("a b");
      assertThat(whole.at("/logprobs/text_offset"))
          .isEqualTo(OpenAiFixture.json("[0, 0, 0, 1, 2]"));
    }
  }

  private static ScoredToken scored(int token) {
    return new ScoredToken(token, -1, List.of());
  }

  @Test
  void theLikeliestOfEqualSpellingsIsTold() {
    JsonNode told =
        told(
            new ScoredToken(
                token('a'),
                -3,
                List.of(new Alternative(PADDING, -1), new Alternative(MORE_PADDING, -2))));

    assertThat(told.at("/top_logprobs/0")).isEqualTo(OpenAiFixture.quoted("{'': -1.0, 'a': -3.0}"));
  }

  private JsonNode told(ScoredToken... tokens) {
    var choice = new CompletionChoice(0, true, false);
    choice.begin(
        new AnswerSink.Beginning(
            "sft/talk/1", SamplingParameters.getDefaultInstance(), new int[] {0}, tokenizer));
    return json(choice.whole(List.of(), "", List.of(tokens), FinishReason.FINISH_REASON_STOP))
        .get("logprobs");
  }

  private static JsonNode json(Stream<JsonPart> parts) {
    var text = new StringWriter();
    try (JsonGenerator json = new ObjectMapper().createGenerator(text)) {
      for (JsonPart part : (Iterable<JsonPart>) parts::iterator) {
        part.write(json);
      }
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    return OpenAiFixture.json(text.toString());
  }

  private static List<Alternative> alternatives(int token, float logProb) {
    return List.of(new Alternative(token, logProb));
  }

  private static int token(int b) {
    return BpeVocabulary.FIRST_BYTE + b;
  }
}
