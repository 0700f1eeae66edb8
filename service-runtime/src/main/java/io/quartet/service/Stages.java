package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;

/** The wire's stage enum and ours. */
public final class Stages {
  private Stages() {}

  /** The wire's value of a stage. */
  public static io.quartet.v1.Stage of(Stage stage) {
    return switch (stage) {
      case BASE -> io.quartet.v1.Stage.STAGE_BASE;
      case SFT -> io.quartet.v1.Stage.STAGE_SFT;
      case REWARD -> io.quartet.v1.Stage.STAGE_REWARD;
      case RL -> io.quartet.v1.Stage.STAGE_RL;
    };
  }

  /**
   * The stage of a wire value.
   *
   * @throws QuartetException INVALID_ARGUMENT for an unspecified or unknown value
   */
  public static Stage of(io.quartet.v1.Stage stage) {
    return switch (stage) {
      case STAGE_BASE -> Stage.BASE;
      case STAGE_SFT -> Stage.SFT;
      case STAGE_REWARD -> Stage.REWARD;
      case STAGE_RL -> Stage.RL;
      case STAGE_UNSPECIFIED, UNRECOGNIZED ->
          throw new QuartetException(
              INVALID_ARGUMENT, "stage: %s, expected base, sft, reward or rl".formatted(stage));
    };
  }
}
