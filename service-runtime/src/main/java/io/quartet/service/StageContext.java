package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.CANCELLED;
import static io.quartet.checkpoint.ErrorCode.FAILED_PRECONDITION;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.PendingCheckpoint;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.recipe.Recipe;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jboss.logging.Logger;

/** What a stage works with: its run's recipe, its inputs, the store, and a line for progress. */
public final class StageContext {
  private static final Logger LOG = Logger.getLogger(StageContext.class);

  private final CheckpointId result;
  private final Recipe recipe;
  private final CheckpointStore store;
  private final Map<Stage, StageInput> inputs;
  private final StageSignals signals;
  private Replica replica = Replica.alone(Duration.ofMinutes(2));
  private boolean warned;
  private long reached;
  private long planned;

  /**
   * @param stage the stage that runs
   * @param run name of the run
   * @param inputs a checkpoint of each stage that it needs, in {@code store}
   */
  StageContext(
      Stage stage,
      String run,
      Recipe recipe,
      CheckpointStore store,
      Map<Stage, StageInput> inputs,
      StageSignals signals) {
    this.result = new CheckpointId(stage, run, 0);
    this.recipe = recipe;
    this.store = store;
    this.inputs = Map.copyOf(inputs);
    this.signals = signals;
  }

  /** Name of the run. */
  public String run() {
    return result.run();
  }

  /** The run's recipe. */
  public Recipe recipe() {
    return recipe;
  }

  /**
   * An earlier stage's checkpoint, fetched and verified.
   *
   * @throws QuartetException FAILED_PRECONDITION if the stage did not ask for it in {@link
   *     TrainingStage#needs}
   */
  public Checkpoint input(Stage stage) {
    return required(stage).checkpoint();
  }

  /**
   * host:port of the service that announced an earlier stage's checkpoint, for what else it offers.
   *
   * @throws QuartetException as {@link #input}
   */
  public String endpoint(Stage stage) {
    return required(stage).endpoint();
  }

  private StageInput required(Stage stage) {
    StageInput input = inputs.get(stage);
    if (input == null) {
      throw new QuartetException(
          FAILED_PRECONDITION,
          "%s stage of run '%s': a %s checkpoint was not among what it needs, %s"
              .formatted(result.stage().label(), run(), stage.label(), inputs.keySet()));
    }
    return input;
  }

  /** This process among those that train the stage together. */
  public Replica replica() {
    return replica;
  }

  StageContext as(Replica replica) {
    this.replica = replica;
    return this;
  }

  /** The farthest step reported. */
  long reached() {
    return reached;
  }

  /** What is trained: the same text in every process that trains the same, whatever its rank. */
  public String purpose() {
    return "%s/%s\n%s".formatted(result.stage().label(), run(), origin());
  }

  /** All that decides what comes out of this stage: the recipe and the inputs' digests. */
  String origin() {
    var origin = new StringBuilder(recipe.yaml());
    new TreeMap<>(inputs)
        .forEach((stage, input) -> origin.append("\n# ").append(input.checkpoint().digest()));
    return origin.toString();
  }

  /**
   * Says before the first step what the stage will hold in memory at most; from then on every
   * progress tells the sum.
   *
   * @param training what training and its measuring hold beside the process itself, in bytes
   * @return the parts, the process among them, for {@code training.json}
   * @throws QuartetException FAILED_PRECONDITION with the sum if the container or the machine has
   *     less
   */
  public Map<String, Long> plan(Map<String, Long> training) {
    MemoryPlan plan = MemoryPlan.of(result.stage()).plus(training);
    LOG.infof("%s stage of run '%s': memory %s", result.stage().label(), run(), plan);
    plan.requireWithin(MemoryPlan.available());
    planned = plan.total();
    return plan.parts();
  }

  /** Where to publish the result. */
  public CheckpointStore store() {
    return store;
  }

  /**
   * A new checkpoint of this stage and run. One of the same step that an interrupted attempt
   * published but nobody announced is replaced.
   */
  public PendingCheckpoint begin(long step) {
    var id = new CheckpointId(result.stage(), result.run(), step);
    if (store.find(id).isPresent()) {
      store.delete(id);
    }
    return store.begin(id);
  }

  /** A folder for snapshots that outlives the process; removed when the stage has completed. */
  public Path scratch() {
    return store.scratch(result.stage(), result.run());
  }

  /**
   * Says where the stage is, and leaves the stage when it should stop. Call it after every step and
   * now and then in anything longer than a second.
   *
   * <p>Names of metrics that everybody understands: {@code loss}, {@code reward}, {@code tokens}
   * (trained so far in this stage), {@code tokens_per_second}, {@code learning_rate}.
   *
   * @param step steps done, 0 to {@code of}
   * @param of steps in all
   * @param phase what the stage does now, in a word or two: "training", "evaluating"
   * @param metrics latest values by name
   * @throws QuartetException CANCELLED when the stage was cancelled or the process goes down; let
   *     it through
   */
  public void progress(long step, long of, String phase, Map<String, Double> metrics) {
    reached = Math.max(reached, step);
    Map<String, Double> shown = new HashMap<>(metrics);
    if (planned > 0) {
      shown.put(MemoryPlan.PLANNED, (double) planned);
    }
    signals.progress(step, of, phase, shown);
    if (cancelled()) {
      throw new QuartetException(
          CANCELLED, "%s stage of run '%s' was cancelled".formatted(result.stage().label(), run()));
    }
    boolean warnedBefore = warned;
    warned = stopping();
    if (warnedBefore) {
      throw new QuartetException(
          CANCELLED,
          "%s stage of run '%s' was interrupted: its service stops"
              .formatted(result.stage().label(), run()));
    }
  }

  /** Whether the stage was asked to stop for good. */
  public boolean cancelled() {
    return signals.cancelled();
  }

  /**
   * Whether the process goes down. Save a snapshot if so: the second {@link #progress} from when
   * this became true leaves the stage, and the next process continues from the snapshot.
   */
  public boolean stopping() {
    return signals.stopping();
  }
}
