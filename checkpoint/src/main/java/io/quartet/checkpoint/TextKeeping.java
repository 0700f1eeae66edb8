package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;

/** Tells of a {@code tokenizer.json} whether the length of a text says how many tokens it has. */
final class TextKeeping {
  private TextKeeping() {}

  /**
   * Whether every byte of a text is in one of its tokens. A normalizer may shorten it, a split may
   * drop what it splits at, a byte without a token is left out, and an added token may swallow the
   * space beside it.
   */
  static boolean keepsText(JsonNode json) {
    JsonNode split = json.path("pre_tokenizer");
    return json.path("normalizer").isEmpty()
        && TokenizerJson.hasType(split, "ByteLevel")
        && splitKeepsText(split)
        && IntStream.range(0, 256)
            .mapToObj(b -> ByteLevel.spell(new byte[] {(byte) b}))
            .allMatch(json.at("/model/vocab")::has)
        && StreamSupport.stream(json.path("added_tokens").spliterator(), false)
            .noneMatch(t -> t.path("lstrip").asBoolean() || t.path("rstrip").asBoolean());
  }

  private static boolean splitKeepsText(JsonNode part) {
    return switch (part.path("type").asText()) {
      case "ByteLevel", "Digits" -> true;
      case "Split" -> !part.path("behavior").asText().equals("Removed");
      case "Sequence" -> TokenizerJson.children(part).allMatch(TextKeeping::splitKeepsText);
      default -> false;
    };
  }
}
