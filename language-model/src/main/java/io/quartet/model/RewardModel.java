package io.quartet.model;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.LoraConfig;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import io.quartet.model.PackedBatch.LastToken;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * A trunk with one number read at a token: LlamaForSequenceClassification with one label. Read at
 * the last token it is the reward of an answer; read at every token it can serve as PPO's critic.
 */
public final class RewardModel extends TransformerModel {
  private static final String SCORE = "score.weight";

  private final Transformer transformer;
  private final ValueHead score;

  /**
   * A model with fresh weights, the same for the same seed; a {@link CausalLm} of the same sizes
   * and seed has the same trunk.
   *
   * @throws QuartetException INVALID_ARGUMENT if the configuration is of another architecture
   */
  public RewardModel(ModelConfig config, Precision precision, long seed) {
    this(config, precision, WeightSource.random(seed));
  }

  RewardModel(ModelConfig config, Precision precision, WeightSource source) {
    super(config, precision);
    CausalLm.requireArchitecture(config, Architecture.SEQUENCE_CLASSIFICATION);
    transformer = register_module("model", new Transformer(source, config, precision));
    score = new ValueHead(source, this, "score", config);
    freezeBeside(source.lora());
  }

  /**
   * A critic over an adapted language model's frozen weights, so that they are held once, with a
   * fresh head and adapters of its own.
   */
  public static RewardModel beside(CausalLm model, long seed) {
    LoraConfig lora =
        model.lora().orElseThrow(() -> new IllegalArgumentException("a model without adapters"));
    // Another seed than the model's: its adapters have the same names.
    WeightSource fresh = WeightSource.random(~seed);
    WeightSource trunk = WeightSource.shared(model.weights());
    WeightSource both =
        (name, start, shape) -> (name.equals(SCORE) ? fresh : trunk).weight(name, start, shape);
    return new RewardModel(
        model.config().withArchitecture(Architecture.SEQUENCE_CLASSIFICATION),
        model.precision(),
        WeightSource.adapted(both, lora, fresh));
  }

  /**
   * The number read at some places.
   *
   * @param rows their indices in the flattened batch
   * @return fp32 [R]
   */
  public Tensor values(PackedBatch batch, long[] rows) {
    count(batch, rows.length);
    return score.forward(transformer.forward(batch, Tensors.vector(rows)));
  }

  /**
   * The number read at each sequence's last token; pack the batch with {@link LastToken#READ}.
   *
   * @return fp32 [S], in the order that the sequences were packed from
   */
  public Tensor rewards(PackedBatch batch) {
    return values(batch, batch.lastRows());
  }

  /** Rewards of many sequences, without gradients, in their order. */
  public float[] score(List<TokenSequence> sequences, Workers workers) {
    List<Float> rewards =
        Chunks.map(
            sequences,
            config().contextLength(),
            LastToken.READ,
            workers,
            batch -> Tensors.list(rewards(batch)));
    float[] values = new float[rewards.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = rewards.get(i);
    }
    return values;
  }

  @Override
  boolean trainsBeside(String name) {
    return name.equals(SCORE) || super.trainsBeside(name);
  }

  @Override
  List<Transformer> trunks() {
    return List.of(transformer);
  }

  @Override
  public RewardModel replica() {
    return new RewardModel(config(), precision(), WeightSource.shared(this));
  }
}
