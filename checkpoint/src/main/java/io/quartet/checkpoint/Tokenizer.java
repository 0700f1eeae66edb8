package io.quartet.checkpoint;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A checkpoint's byte-level BPE tokenizer: text to tokens by Hugging Face's own library, tokens to
 * text from its table of bytes. Many threads may use it at once.
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

  private Tokenizer(
      TokenizerJson json, HuggingFaceTokenizer withSpecials, HuggingFaceTokenizer textOnly) {
    this.json = json;
    this.withSpecials = withSpecials;
    this.textOnly = textOnly;
  }

  /**
   * Loads the {@code tokenizer.json} of a checkpoint's folder.
   *
   * @throws QuartetException NOT_FOUND if there is none, INVALID_ARGUMENT if it is not a byte-level
   *     BPE tokenizer
   */
  public static Tokenizer load(Path directory) {
    TokenizerJson json = TokenizerJson.read(directory.resolve(TokenizerFiles.TOKENIZER));
    return new Tokenizer(json, json.withSpecials(), json.textOnly());
  }

  /**
   * The tokens of plain text; special tokens spelled out in it are text like any other. A lone
   * surrogate becomes U+FFFD.
   */
  public int[] encode(String text) {
    return encode(textOnly, text);
  }

  /**
   * The tokens of text in which special tokens are spelled out, such as a rendered template. Never
   * for what a user wrote.
   */
  public int[] encodeWithSpecials(String text) {
    return encode(withSpecials, text);
  }

  /**
   * The text of tokens; special tokens are skipped, bytes that are not UTF-8 become U+FFFD.
   *
   * @throws QuartetException OUT_OF_RANGE if an id is not in the vocabulary
   */
  public String decode(int... ids) {
    TokenStream stream = stream();
    var text = new StringBuilder();
    for (int id : ids) {
      stream.push(id, text);
    }
    return text.append(stream.flush()).toString();
  }

  /** The text of tokens as they come, in whole characters. */
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

  /** Frees the native tokenizers. */
  @Override
  public void close() {
    withSpecials.close();
    textOnly.close();
  }

  private static int[] encode(HuggingFaceTokenizer tokenizer, String text) {
    long[] ids = tokenizer.encode(wellFormed(text), false, false).getIds();
    return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
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
