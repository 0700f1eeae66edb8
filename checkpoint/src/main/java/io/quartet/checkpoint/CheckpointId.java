package io.quartet.checkpoint;

import java.util.regex.Pattern;

/**
 * The name of a checkpoint, printed and parsed as {@code stage/run/step}. Every part is safe as a
 * folder's name: an id can never point outside the store.
 *
 * @param stage the stage that trained it
 * @param run the run's name: 1 to 64 of {@code a-z 0-9 . _ -}, beginning with a letter or digit
 * @param step the training step after which it was written, 0 or more
 */
public record CheckpointId(Stage stage, String run, long step) {
  private static final Pattern RUN = Pattern.compile("[a-z0-9][a-z0-9._-]{0,63}");
  private static final Pattern STEP = Pattern.compile("0|[1-9][0-9]{0,17}");

  /** Checks the run's name and the step; INVALID_ARGUMENT if either is impossible. */
  public CheckpointId {
    requireRun(run);
    if (step < 0) {
      throw invalid("step %d, expected 0 or more".formatted(step));
    }
  }

  /**
   * The id of its printed form.
   *
   * @throws QuartetException INVALID_ARGUMENT if it is not {@code stage/run/step}
   */
  public static CheckpointId parse(String text) {
    String[] parts = text.split("/", -1);
    if (parts.length != 3 || !STEP.matcher(parts[2]).matches()) {
      throw invalid("checkpoint id '%s', expected stage/run/step".formatted(text));
    }
    return new CheckpointId(Stage.parse(parts[0]), parts[1], Long.parseLong(parts[2]));
  }

  /**
   * Returns the run's name if it can be one.
   *
   * @throws QuartetException INVALID_ARGUMENT otherwise
   */
  public static String requireRun(String run) {
    if (!isRun(run)) {
      throw invalid(
          "run '%s', expected 1 to 64 of a-z, 0-9, '.', '_', '-', beginning with a letter or digit"
              .formatted(run));
    }
    return run;
  }

  static boolean isRun(String name) {
    return RUN.matcher(name).matches();
  }

  private static QuartetException invalid(String message) {
    return new QuartetException(ErrorCode.INVALID_ARGUMENT, message);
  }

  @Override
  public String toString() {
    return stage.label() + "/" + run + "/" + step;
  }
}
