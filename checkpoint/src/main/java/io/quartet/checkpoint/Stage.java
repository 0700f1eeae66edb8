package io.quartet.checkpoint;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** The four stages, in the order in which they run. */
public enum Stage {
  /** Pretraining on documents. */
  BASE,
  /** Supervised fine-tuning on demonstrations. */
  SFT,
  /** A reward model from comparisons. */
  REWARD,
  /** Reinforcement learning against the fixed reward model. */
  RL;

  /**
   * The name used in ids, folders and topics: {@code base}, {@code sft}, {@code reward}, {@code
   * rl}.
   */
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * The stage of a label.
   *
   * @throws QuartetException INVALID_ARGUMENT if there is no such stage
   */
  public static Stage parse(String label) {
    return Arrays.stream(values())
        .filter(stage -> stage.label().equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new QuartetException(
                    ErrorCode.INVALID_ARGUMENT,
                    "stage '%s': expected one of %s"
                        .formatted(
                            label,
                            Arrays.stream(values())
                                .map(Stage::label)
                                .collect(Collectors.joining(", ")))));
  }
}
