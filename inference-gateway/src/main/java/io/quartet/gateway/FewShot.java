package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.QuartetException;
import java.util.List;

/**
 * "Here are some things, give me more", for a model that only continues text: the things one after
 * the other, with something between them that none of them has, and the next one left to the model.
 *
 * @param title what the things are; may be empty
 * @param examples the things, at least one
 */
public record FewShot(String title, List<String> examples) {
  /** As many tokens as one more thing may have if the caller does not say. */
  public static final int MAX_TOKENS = 128;

  private static final int MOST = 256;
  private static final int RULE = 3;

  /** Characters between the things: a long rule, once for each, would be more than was sent. */
  private static final int MOST_BETWEEN = 16 << 10;

  /** Checks the examples; INVALID_ARGUMENT. */
  public FewShot {
    examples = examples.stream().map(String::strip).toList();
    if (examples.isEmpty() || examples.size() > MOST) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "examples: found %d, expected 1 to %d".formatted(examples.size(), MOST));
    }
    int empty = examples.indexOf("");
    if (empty >= 0) {
      throw new QuartetException(
          INVALID_ARGUMENT, "example %d: empty, expected text".formatted(empty + 1));
    }
    long between = (long) examples.size() * separator(examples).length();
    if (between > MOST_BETWEEN) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "examples: %d characters to tell them apart, expected at most %d; one has a long rule"
              .formatted(between, MOST_BETWEEN));
    }
  }

  /** What stands between two things, and ends the one that the model writes. */
  public String separator() {
    return separator(examples);
  }

  private static String separator(List<String> examples) {
    if (examples.stream().noneMatch(example -> example.contains("\n"))) {
      return "\n";
    }
    if (examples.stream().noneMatch(example -> example.contains("\n\n"))) {
      return "\n\n";
    }
    // A rule that is longer than any that an example has.
    int longest =
        examples.stream()
            .flatMap(String::lines)
            .filter(line -> line.chars().allMatch(character -> character == '-'))
            .mapToInt(String::length)
            .max()
            .orElse(0);
    return "\n\n%s\n\n".formatted("-".repeat(Math.max(RULE, longest + 1)));
  }

  /** The text that the model continues with one more thing. */
  public String prompt() {
    String heading = title.isBlank() ? "" : title.strip() + "\n\n";
    return heading + String.join(separator(), examples) + separator();
  }
}
