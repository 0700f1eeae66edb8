package io.quartet.model;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.Tensor;

/**
 * A policy and its critic, trained together. The critic is either one more output of the policy's
 * trunk, which costs almost no memory, or a model with a trunk of its own, which may begin as the
 * reward model or as the policy and cannot disturb the policy's features.
 */
public final class ActorCritic extends TransformerModel {
  private static final String POLICY = "policy";
  private static final String CRITIC = "critic";

  private final CausalLm policy;
  private final Optional<RewardModel> critic;
  private final Optional<ValueHead> head;
  private final double criticRate;

  private ActorCritic(
      CausalLm policy, Optional<RewardModel> critic, WeightSource headSource, double criticRate) {
    super(policy.config(), policy.precision());
    this.policy = register_module(POLICY, policy);
    this.critic = critic.map(model -> register_module(CRITIC, model));
    this.head =
        critic.isPresent()
            ? Optional.empty()
            : Optional.of(new ValueHead(headSource, this, CRITIC, policy.config()));
    this.criticRate = criticRate;
  }

  /**
   * A critic that reads the policy's hidden states through one fresh vector.
   *
   * @param criticRate what the critic's learning rate is multiplied by
   */
  public static ActorCritic shared(CausalLm policy, double criticRate, long seed) {
    return new ActorCritic(policy, Optional.empty(), WeightSource.random(seed), criticRate);
  }

  /**
   * A critic with its own trunk.
   *
   * @param criticRate what the critic's learning rate is multiplied by
   */
  public static ActorCritic separate(CausalLm policy, RewardModel critic, double criticRate) {
    return new ActorCritic(policy, Optional.of(critic), WeightSource.uninitialised(), criticRate);
  }

  /** The policy. */
  public CausalLm policy() {
    return policy;
  }

  /**
   * Tensors over the R targets of a batch.
   *
   * @param policy log-probabilities and logits
   * @param valuesR the value of the state in which each target was chosen
   */
  record Forward(LogProbs.Forward policy, Tensor valuesR) {}

  Forward forward(PackedBatch batch) {
    long[] rows = batch.targetRows();
    Tensor hiddenRD = policy.hidden(batch, rows);
    Tensor valuesR =
        critic
            .map(model -> model.values(batch, rows))
            .orElseGet(() -> head.orElseThrow().forward(hiddenRD));
    return new Forward(LogProbs.forward(policy, hiddenRD, batch), valuesR);
  }

  private Tensor values(PackedBatch batch) {
    long[] rows = batch.targetRows();
    return critic
        .map(model -> model.values(batch, rows))
        .orElseGet(() -> head.orElseThrow().forward(policy.hidden(batch, rows)));
  }

  /**
   * The values of the states in which the targets of many sequences were chosen, without gradients;
   * one array for each sequence, in their order.
   */
  public List<float[]> values(List<TokenSequence> sequences, Workers workers) {
    return Chunks.map(
        sequences,
        config().contextLength(),
        PackedBatch.LastToken.PREDICTED,
        workers,
        batch -> Tensors.split(values(batch), batch.targetCounts()));
  }

  @Override
  public double learningRateScale(String name) {
    boolean sharedHead = critic.isEmpty() && name.startsWith(CRITIC);
    double scale =
        super.learningRateScale(sharedHead ? name : name.substring(name.indexOf('.') + 1));
    return name.startsWith(CRITIC) ? scale * criticRate : scale;
  }

  @Override
  Work takeWork() {
    Work work = policy.takeWork();
    // Both read the same tokens, which count once.
    return critic.isPresent() ? work.plus(new Work(0, critic.get().takeWork().flops())) : work;
  }

  @Override
  List<Transformer> trunks() {
    var trunks = new ArrayList<>(policy.trunks());
    critic.ifPresent(model -> trunks.addAll(model.trunks()));
    return trunks;
  }

  @Override
  public ActorCritic replica() {
    return new ActorCritic(
        policy.replica(),
        critic.map(RewardModel::replica),
        WeightSource.shared(allWeights()),
        criticRate);
  }
}
