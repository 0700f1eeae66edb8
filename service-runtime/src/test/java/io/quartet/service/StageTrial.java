package io.quartet.service;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.Stage;
import io.quartet.recipe.Recipe;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Runs a stage on the test's own thread, in a store of its own, without broker or service. */
public final class StageTrial {
  /** A progress that the stage reported. */
  public record Reported(long step, long of, String phase, Map<String, Double> metrics) {}

  private final CheckpointStore store;
  private final List<Reported> reported = new ArrayList<>();
  private long stopAt = Long.MAX_VALUE;
  private final TreeMap<Long, Runnable> events = new TreeMap<>();
  private String endpoint = "127.0.0.1:1";

  /** A trial in a folder; a second one in the same folder is the restarted process. */
  public StageTrial(Path home) {
    store = new CheckpointStore(home);
  }

  /** The store; a stage's inputs are the run's newest checkpoints in it. */
  public CheckpointStore store() {
    return store;
  }

  /** The process goes down when the stage reports this step. */
  public StageTrial stopAt(long step) {
    stopAt = step;
    return this;
  }

  /** Something happens when the stage first reports this step or a later one. */
  public StageTrial when(long step, Runnable event) {
    events.put(step, event);
    return this;
  }

  /** Where the services are that announced the inputs; nowhere unless said. */
  public StageTrial announcedFrom(String hostAndPort) {
    endpoint = hostAndPort;
    return this;
  }

  /** What the stage reported, in order. */
  public List<Reported> reported() {
    return reported;
  }

  /** The losses of training that it has told, one after the other. */
  public List<Double> losses() {
    return reported.stream()
        .filter(report -> report.phase().equals("training"))
        .map(report -> report.metrics().get("loss"))
        .toList();
  }

  /**
   * Runs the stage.
   *
   * @throws io.quartet.checkpoint.QuartetException what the stage throws; CANCELLED if stopped
   */
  public Checkpoint train(TrainingStage stage, String run, Recipe recipe)
      throws InterruptedException {
    Map<Stage, StageInput> inputs = new EnumMap<>(Stage.class);
    for (Stage needed : stage.needs()) {
      inputs.put(needed, new StageInput(store.latest(needed, run).orElseThrow(), endpoint));
    }
    return stage.train(new StageContext(stage.stage(), run, recipe, store, inputs, new Signals()));
  }

  private final class Signals implements StageSignals {
    private long step;

    @Override
    public void progress(long step, long of, String phase, Map<String, Double> metrics) {
      this.step = step;
      reported.add(new Reported(step, of, phase, Map.copyOf(metrics)));
      while (!events.isEmpty() && step >= events.firstKey()) {
        events.pollFirstEntry().getValue().run();
      }
    }

    @Override
    public boolean cancelled() {
      return false;
    }

    @Override
    public boolean stopping() {
      return step >= stopAt;
    }
  }
}
