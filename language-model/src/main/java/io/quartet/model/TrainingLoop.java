package io.quartet.model;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A trainer's steps from wherever its last snapshot stands, with the totals of the whole training,
 * not only of this process. Step n takes batch n, so that the step is the data's cursor.
 */
public final class TrainingLoop {
  /** Points that the loss curve keeps at most; beyond, every two become one. */
  private static final int CURVE_POINTS = 200;

  private static final String NOTE = "note.";

  /**
   * A point of the loss curve.
   *
   * @param step the last step that it covers, from 1
   * @param loss the mean loss of the steps since the point before
   */
  public record Point(long step, double loss) {}

  private final Trainer<?> trainer;
  private final Snapshots snapshots;
  private final Map<String, String> noted = new TreeMap<>();
  private final List<Point> curve = new ArrayList<>();
  private long stepsPerPoint = 1;
  private double lossSum;
  private long lossCount;
  private long tokens;
  private double flops;
  private double seconds;

  /**
   * Puts a fresh trainer where the snapshot in a folder stands, if there is one. Of several
   * processes the leader has the folder; the others are put where it is.
   *
   * @throws io.quartet.checkpoint.QuartetException as {@link TrainerSnapshot#restore}
   */
  public TrainingLoop(Trainer<?> trainer, Snapshots snapshots) {
    this.trainer = trainer;
    this.snapshots = snapshots;
    if (trainer.group().leads()) {
      TrainerSnapshot.restore(snapshots.folder(), trainer).ifPresent(this::continueFrom);
    }
    TrainerSnapshot.spread(trainer);
  }

  /**
   * Steps until so many are done.
   *
   * @param step takes the trainer's next step
   * @param snapshotNow whether to save a snapshot after this step although it is not due
   * @param stepped told after each step, and after its snapshot; what it throws ends the loop
   */
  public void run(
      long steps,
      Supplier<StepMetrics> step,
      BooleanSupplier snapshotNow,
      Consumer<StepMetrics> stepped) {
    while (step() < steps) {
      StepMetrics metrics = step.get();
      tokens += metrics.tokens();
      flops += metrics.flops();
      seconds += metrics.duration().toNanos() / 1e9;
      draw(metrics);
      boolean due =
          step() % snapshots.every() == 0 || step() == steps || snapshotNow.getAsBoolean();
      if (due && trainer.group().leads()) {
        TrainerSnapshot.save(snapshots.folder(), snapshots.kept(), trainer, cursor());
      }
      stepped.accept(metrics);
    }
  }

  /** Steps done, by this process and those before it: also how many batches were drawn. */
  public long step() {
    return trainer.optimizer().step();
  }

  /** Input tokens so far, without padding. */
  public long tokens() {
    return tokens;
  }

  /** Floating-point operations of matrix products so far. */
  public double flops() {
    return flops;
  }

  /** Seconds spent in steps so far. */
  public double seconds() {
    return seconds;
  }

  /** Tokens per second of stepping. */
  public double tokensPerSecond() {
    return seconds == 0 ? 0 : tokens / seconds;
  }

  /** The training loss over the steps. */
  public List<Point> curve() {
    return List.copyOf(curve);
  }

  /** The totals as JSON values, by the names that {@code training.json} has for them. */
  public Map<String, Object> figures() {
    return Map.of(
        "tokens",
        tokens,
        "tokens_per_second",
        tokensPerSecond(),
        "flops",
        flops,
        "curve",
        curve.stream().map(p -> List.of(p.step(), p.loss())).toList());
  }

  private void draw(StepMetrics metrics) {
    lossSum += metrics.loss();
    lossCount++;
    if (lossCount < stepsPerPoint) {
      return;
    }
    curve.add(new Point(metrics.step(), lossSum / lossCount));
    lossSum = 0;
    lossCount = 0;
    if (curve.size() == CURVE_POINTS) {
      for (int i = 0; i < CURVE_POINTS / 2; i++) {
        Point later = curve.remove(i + 1);
        Point earlier = curve.get(i);
        curve.set(i, new Point(later.step(), (earlier.loss() + later.loss()) / 2));
      }
      stepsPerPoint *= 2;
    }
  }

  /** Notes a value that every later snapshot has, until another takes its place. */
  void note(String key, String value) {
    noted.put(key, value);
  }

  /** What was last noted, by this process or the one whose snapshot it goes on from. */
  Optional<String> noted(String key) {
    return Optional.ofNullable(noted.get(key));
  }

  private Map<String, String> cursor() {
    var cursor = new HashMap<>(totals());
    noted.forEach((key, value) -> cursor.put(NOTE + key, value));
    return cursor;
  }

  private Map<String, String> totals() {
    return Map.of(
        "tokens", Long.toString(tokens),
        "flops", Double.toString(flops),
        "seconds", Double.toString(seconds),
        "steps_per_point", Long.toString(stepsPerPoint),
        "loss", lossSum + ":" + lossCount,
        "curve",
            curve.stream()
                .map(point -> point.step() + ":" + point.loss())
                .collect(Collectors.joining(" ")));
  }

  private void continueFrom(Map<String, String> cursor) {
    cursor.forEach(
        (key, value) -> {
          if (key.startsWith(NOTE)) {
            noted.put(key.substring(NOTE.length()), value);
          }
        });
    tokens = Long.parseLong(cursor.getOrDefault("tokens", "0"));
    flops = Double.parseDouble(cursor.getOrDefault("flops", "0"));
    seconds = Double.parseDouble(cursor.getOrDefault("seconds", "0"));
    stepsPerPoint = Long.parseLong(cursor.getOrDefault("steps_per_point", "1"));
    String[] loss = cursor.getOrDefault("loss", "0:0").split(":", -1);
    lossSum = Double.parseDouble(loss[0]);
    lossCount = Long.parseLong(loss[1]);
    Stream.of(cursor.getOrDefault("curve", "").split(" ", -1))
        .filter(point -> !point.isEmpty())
        .map(point -> point.split(":", -1))
        .forEach(p -> curve.add(new Point(Long.parseLong(p[0]), Double.parseDouble(p[1]))));
  }
}
