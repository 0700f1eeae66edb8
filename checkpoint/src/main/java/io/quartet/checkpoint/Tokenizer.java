package io.quartet.checkpoint;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.huggingface.tokenizers.jni.TokenizersLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A checkpoint's BPE tokenizer, byte-level or with SentencePiece's fallback to bytes: text to
 * tokens by Hugging Face's own library, tokens to text from its table of bytes. Many threads may
 * use it at once.
 */
public final class Tokenizer implements AutoCloseable {
  /** Held, because a logger that nobody holds loses its level. */
  private static final Logger ENGINE_LOGGER = Logger.getLogger("ai.djl");

  static {
    // The natives are in the jar: nothing to download, nobody to call, nothing to tell the user.
    setDefault("ai.djl.offline", "true");
    setDefault("OPT_OUT_TRACKING", "true");
    ENGINE_LOGGER.setLevel(Level.WARNING);
  }

  private final TokenizerJson json;
  private final HuggingFaceTokenizer withSpecials;
  private final HuggingFaceTokenizer textOnly;
  private final HuggingFaceTokenizer continued; // textOnly itself where no text gets a prefix
  private final TokenizerConfig config;
  private final Map<Integer, Integer> renumbered;

  private Tokenizer(TokenizerJson json, TokenizerConfig config) {
    this.json = json;
    this.config = config;
    this.withSpecials = json.withSpecials();
    this.textOnly = json.textOnly();
    this.continued = json.prefixes() ? json.continued() : textOnly;
    this.renumbered = renumbered(json, textOnly);
  }

  /**
   * Loads the {@code tokenizer.json} of a checkpoint's folder. Where there is a {@code config.json}
   * with a larger vocabulary, the ids beyond the tokenizer's are padding and stand for no text.
   *
   * @throws QuartetException NOT_FOUND if there is none, INVALID_ARGUMENT if it is not a BPE
   *     tokenizer that spells any byte
   */
  public static Tokenizer load(Path directory) {
    Path model = directory.resolve(ModelConfig.FILE);
    int padded = Files.exists(model) ? ModelConfig.read(model).vocabularySize() : 0;
    return new Tokenizer(
        TokenizerJson.read(directory.resolve(TokenizerFiles.TOKENIZER), padded),
        TokenizerConfig.read(directory));
  }

  /**
   * The tokens of plain text as {@link #encode} gives them, after those that the tokenizer's
   * post-processor puts before every text, such as Llama's {@code <s>}: what Hugging Face's
   * tokenizer begins a text with. What it would put after the text is left out.
   */
  public int[] encodeWhole(String text) {
    int[] beginning = json.textBeginning();
    int[] ids = encode(text);
    int[] whole = Arrays.copyOf(beginning, beginning.length + ids.length);
    System.arraycopy(ids, 0, whole, beginning.length, ids.length);
    return whole;
  }

  /**
   * The tokens of plain text; special tokens spelled out in it are text like any other. A lone
   * surrogate becomes U+FFFD.
   */
  public int[] encode(String text) {
    return numbered(encode(textOnly, text));
  }

  /**
   * How many tokens a plain text has at least, from its length alone; 0 where the tokenizer may
   * leave some of it out.
   */
  public int fewestTokens(String text) {
    int longest = json.longestToken(); // in bytes, of which a character has one or more
    return longest == 0 ? 0 : text.length() / longest;
  }

  /**
   * The tokens of plain text that goes on where other tokens end: without the space that some
   * tokenizers put before a text.
   */
  public int[] encodeContinued(String text) {
    return numbered(encode(continued, text));
  }

  /** Whether that space comes before every piece between special tokens, not only the first. */
  boolean prefixesEveryPiece() {
    return json.prefixesEveryPiece();
  }

  /** What stands beside the tokenizer. */
  TokenizerConfig config() {
    return config;
  }

  /** All special tokens. */
  Set<String> specialTokens() {
    return json.specialTokens();
  }

  /**
   * The tokens of text in which special tokens are spelled out, such as a rendered template. Never
   * for what a user wrote.
   */
  public int[] encodeWithSpecials(String text) {
    return encode(withSpecials, text);
  }

  /**
   * The text of tokens; special tokens are skipped, bytes that are not UTF-8 become U+FFFD, and the
   * space that the tokenizer put before the text is taken away.
   *
   * @throws QuartetException OUT_OF_RANGE if an id is not in the vocabulary
   */
  public String decode(int... ids) {
    TokenStream stream = stream();
    var text = new StringBuilder();
    for (int id : ids) {
      stream.push(id, text);
    }
    text.append(stream.flush());
    return stripsFirstSpace() && text.indexOf(" ") == 0 ? text.substring(1) : text.toString();
  }

  /** Whether a text's first space, which the tokenizer put there, is not part of it. */
  public boolean stripsFirstSpace() {
    return json.stripsFirstSpace();
  }

  /** The text of tokens that go on where others end, as they come, in whole characters. */
  public TokenStream stream() {
    return new TokenStream(json::bytes);
  }

  /**
   * The bytes that a token stands for; none for a special token.
   *
   * @throws QuartetException OUT_OF_RANGE if the id is not in the vocabulary
   */
  public byte[] bytes(int id) {
    return json.bytes(id).clone();
  }

  /** The number of token ids: one more than the highest. */
  public int vocabularySize() {
    return json.vocabularySize();
  }

  /**
   * The id of a special token.
   *
   * @throws QuartetException NOT_FOUND if there is no such special token
   */
  public int specialToken(String content) {
    return json.specialToken(content);
  }

  /** How a special token is spelled; empty for a token that is text or stands for nothing. */
  public Optional<String> special(int id) {
    return json.special(id);
  }

  /** Frees the native tokenizers. */
  @Override
  public void close() {
    withSpecials.close();
    textOnly.close();
    if (continued != textOnly) {
      continued.close();
    }
  }

  /**
   * Added tokens that are not special, such as {@code <think>}, stay in text; but without the
   * special ones before them, the library counts them from another id.
   */
  private static Map<Integer, Integer> renumbered(
      TokenizerJson json, HuggingFaceTokenizer textOnly) {
    Map<Integer, Integer> renumbered = new HashMap<>();
    json.plainAddedTokens()
        .forEach(
            (content, id) -> {
              int[] found = encode(textOnly, content);
              if (found.length == 1 && found[0] != id) {
                renumbered.put(found[0], id);
              }
            });
    return Map.copyOf(renumbered);
  }

  private int[] numbered(int[] ids) {
    if (!renumbered.isEmpty()) {
      Arrays.setAll(ids, i -> renumbered.getOrDefault(ids[i], ids[i]));
    }
    return ids;
  }

  private static int[] encode(HuggingFaceTokenizer tokenizer, String text) {
    // The ids alone: the library's Encoding also copies each token's text and place out of it.
    long encoding = TokenizersLibrary.LIB.encode(tokenizer.getHandle(), wellFormed(text), false);
    try {
      long[] ids = TokenizersLibrary.LIB.getTokenIds(encoding);
      return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
    } finally {
      TokenizersLibrary.LIB.deleteEncoding(encoding);
    }
  }

  /** The native side takes UTF-8, which cannot spell a lone surrogate. */
  private static String wellFormed(String text) {
    for (int i = 0; i < text.length(); i++) {
      if (Character.isSurrogate(text.charAt(i))) {
        return text.codePoints()
            .map(c -> c >= Character.MIN_SURROGATE && c <= Character.MAX_SURROGATE ? 0xfffd : c)
            .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
            .toString();
      }
    }
    return text;
  }

  private static void setDefault(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }
}
