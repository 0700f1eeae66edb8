package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.model.AdamW.Slot;
import io.quartet.model.TransformerModel.Work;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/**
 * The training loop's body: the gradients of a step's parts are computed by the workers, each on
 * its own replica, added in a fixed order, clipped by their global norm and applied. Other
 * processes of its {@link ReplicaGroup} compute the gradients of further parts.
 *
 * <p>More parts than workers is gradient accumulation. The same seed, data and number of workers
 * give bit-identical weights.
 *
 * @param <M> the model
 */
public final class Trainer<M extends TransformerModel> {
  /** What is minimised. */
  @FunctionalInterface
  public interface Objective<M, P> {
    /** The loss of one part of a step, already divided by the whole step's count. */
    Loss loss(M model, P part);
  }

  private final M model;
  private final AdamW optimizer;
  private final LearningRateSchedule schedule;
  private final double clip;
  private final Workers workers;
  private final ReplicaGroup group;
  private final GradientExchange exchange;
  private final List<M> replicas = new ArrayList<>();
  private final List<Map<String, Tensor>> replicaWeights = new ArrayList<>();
  private final List<List<Slot>> shares = new ArrayList<>();
  private final List<Consumer<StepMetrics>> listeners = new ArrayList<>();
  private PassOptions options = PassOptions.PLAIN;

  /**
   * A trainer of a model in this process alone; build it outside of any pointer scope.
   *
   * @param clip the most that the gradients' global norm may be; infinite for no clipping
   */
  public Trainer(
      M model, AdamW optimizer, LearningRateSchedule schedule, double clip, Workers workers) {
    this(model, optimizer, schedule, clip, workers, ReplicaGroup.alone());
  }

  /**
   * A trainer of a model together with other processes; build it outside of any pointer scope.
   *
   * @param clip the most that the gradients' global norm may be; infinite for no clipping
   * @param group whose processes all take the same steps, each with its own parts of them
   */
  @SuppressWarnings("unchecked") // replica() returns the type it is called on
  public Trainer(
      M model,
      AdamW optimizer,
      LearningRateSchedule schedule,
      double clip,
      Workers workers,
      ReplicaGroup group) {
    WeightSource.requireNoPointerScope();
    this.model = model;
    this.optimizer = optimizer;
    this.schedule = schedule;
    this.clip = clip;
    this.workers = workers;
    this.group = group;
    replicas.add(model);
    for (int worker = 1; worker < workers.count(); worker++) {
      replicas.add((M) model.replica());
    }
    replicas.forEach(replica -> replicaWeights.add(replica.trainedWeights()));
    share();
    this.exchange =
        new GradientExchange(group, optimizer.slots().values(), replicaWeights, this::addReplicas);
  }

  /** The weights in nearly equal shares, one for each worker to reduce and update. */
  private void share() {
    long[] sizes = new long[workers.count()];
    for (int worker = 0; worker < workers.count(); worker++) {
      shares.add(new ArrayList<>());
    }
    optimizer.slots().values().stream()
        .sorted(Comparator.comparing(slot -> -slot.weight().numel()))
        .forEach(
            slot -> {
              int least = 0;
              for (int worker = 1; worker < sizes.length; worker++) {
                least = sizes[worker] < sizes[least] ? worker : least;
              }
              sizes[least] += slot.weight().numel();
              shares.get(least).add(slot);
            });
  }

  /** The model that is trained. */
  public M model() {
    return model;
  }

  /** Its optimizer. */
  public AdamW optimizer() {
    return optimizer;
  }

  /** The processes that train together. */
  public ReplicaGroup group() {
    return group;
  }

  /** Calls a listener after every step. */
  public Trainer<M> onStep(Consumer<StepMetrics> listener) {
    listeners.add(listener);
    return this;
  }

  /** Says how training passes go from now on; without this they are plain. */
  public Trainer<M> passing(PassOptions options) {
    this.options = options;
    return this;
  }

  /**
   * Takes one step.
   *
   * @param parts the step's data in one or more parts, as many as there are workers or a multiple;
   *     of several processes each takes parts of its own, or none
   * @return the step of all processes, but for further figures, which are this one's
   * @throws QuartetException INTERNAL if the loss or the gradients are not finite, UNAVAILABLE if
   *     another process is lost; the weights are then as before
   */
  public <P> StepMetrics step(List<P> parts, Objective<M, P> objective) {
    long start = System.nanoTime();
    clearGradients();
    exchange.begin(parts.size());
    List<Part> done =
        workers.map(
            numbered(parts, group.rank() * parts.size()),
            (worker, numbered) -> {
              M replica = replicas.get(worker);
              Loss loss =
                  replica.differentiate(
                      () -> objective.loss(replica, numbered.part()),
                      dropoutSeed(numbered),
                      options);
              exchange.passed(worker);
              return new Part(loss.value(), loss.metrics(), replica.takeWork());
            });
    exchange.finish();
    Work own = done.stream().map(Part::work).reduce(new Work(0, 0), Work::plus);
    double[] sums =
        group.sum(done.stream().mapToDouble(Part::loss).sum(), own.tokens(), own.flops());
    double loss = sums[0];
    double norm =
        Math.sqrt(
            workers.map(shares, (worker, share) -> reduce(share)).stream()
                .mapToDouble(Double::doubleValue)
                .sum());
    requireFinite("loss", loss);
    requireFinite("gradient norm", norm);
    double rate = schedule.rate(optimizer.step());
    optimizer.begin();
    // The 1e-6 is torch.nn.utils.clip_grad_norm_'s.
    double divisor = Math.max(1, (norm + 1e-6) / clip);
    workers.map(
        shares,
        (worker, share) -> {
          optimizer.update(share, rate, divisor);
          return worker;
        });
    var metrics =
        new StepMetrics(
            optimizer.step(),
            loss,
            rate,
            norm,
            (long) sums[1],
            sums[2],
            Duration.ofNanos(System.nanoTime() - start),
            sum(done));
    listeners.forEach(listener -> listener.accept(metrics));
    return metrics;
  }

  /** The sum of the parts' losses, those of all processes, without gradients. */
  public <P> double evaluate(List<P> parts, Objective<M, P> objective) {
    double sum =
        workers.map(parts, (worker, part) -> evaluated(part, objective)).stream()
            .mapToDouble(Double::doubleValue)
            .sum();
    model.takeWork();
    return group.sum(sum)[0];
  }

  /** Reads the model with the average of its weights in their place, if the optimizer keeps one. */
  public <T> T averaged(Supplier<T> reading) {
    optimizer.swapAverages();
    try {
      return reading.get();
    } finally {
      optimizer.swapAverages();
    }
  }

  private <P> double evaluated(P part, Objective<M, P> objective) {
    try (var off = new NoGradGuard()) {
      return objective.loss(model, part).value();
    }
  }

  private record Numbered<P>(int number, P part) {}

  private static <P> List<Numbered<P>> numbered(List<P> parts, int first) {
    return IntStream.range(0, parts.size())
        .mapToObj(i -> new Numbered<>(first + i, parts.get(i)))
        .toList();
  }

  /** Of the step and the part alone, so that a resumed run drops what the other would have. */
  private long dropoutSeed(Numbered<?> part) {
    return (optimizer.step() << 20) + part.number();
  }

  private record Part(double loss, Map<String, Double> figures, Work work) {}

  private static Map<String, Double> sum(List<Part> parts) {
    var sums = new LinkedHashMap<String, Double>();
    for (Part part : parts) {
      part.figures().forEach((name, value) -> sums.merge(name, value, Double::sum));
    }
    return sums;
  }

  private void clearGradients() {
    try (var scope = new PointerScope()) {
      for (Map<String, Tensor> weights : replicaWeights) {
        weights.values().forEach(weight -> weight.mutable_grad().reset());
      }
    }
  }

  /** The sum of the squares of some weights' gradients, added up first unless they are already. */
  private double reduce(List<Slot> share) {
    var norms = new TensorVector();
    try (var off = new NoGradGuard()) {
      for (Slot slot : share) {
        if (!exchange.active()) {
          addReplicas(slot);
        }
        Tensor sum = slot.weight().grad();
        if (sum.defined()) {
          norms.push_back(sum.norm(new Scalar(2)));
        }
      }
    }
    if (norms.empty()) {
      return 0;
    }
    double squares = 0;
    for (double norm : Tensors.floats(torch.stack(norms, 0))) {
      squares += norm * norm;
    }
    return squares;
  }

  /** Adds the replicas' gradients of a weight to the model's own. */
  private void addReplicas(Slot slot) {
    Tensor sum = slot.weight().mutable_grad();
    for (int worker = 1; worker < replicas.size(); worker++) {
      Tensor gradient = replicaWeight(worker, slot.name()).mutable_grad();
      if (gradient.defined() && sum.defined()) {
        sum.add_(gradient);
      } else if (gradient.defined()) {
        sum.put(gradient);
      }
    }
  }

  private Tensor replicaWeight(int worker, String name) {
    Tensor weight = replicaWeights.get(worker).get(name);
    if (weight == null) {
      throw new IllegalStateException("replica %d has no weight '%s'".formatted(worker, name));
    }
    return weight;
  }

  private void requireFinite(String what, double value) {
    if (!Double.isFinite(value)) {
      throw new QuartetException(
          ErrorCode.INTERNAL,
          "step %d: %s is %s, expected a finite number; try a lower learning rate"
              .formatted(optimizer.step() + 1, what, value));
    }
  }
}
