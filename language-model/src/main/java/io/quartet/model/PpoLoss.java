package io.quartet.model;

import io.quartet.model.PackedBatch.LastToken;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Proximal policy optimisation over the tokens of sampled answers; Schulman et al. 2017,
 * arXiv:1707.06347, with ρ = exp(log p − log p_old):
 *
 * <pre>
 * L = mean[ −min(ρ·A, clip(ρ, 1 ± ε)·A)
 *           + c_v · ½ max((V − R)², (V_old + clip(V − V_old, ± ε_v) − R)²)
 *           − c_h · H ]
 * </pre>
 */
public final class PpoLoss {
  /**
   * The loss's constants.
   *
   * @param clipRange ε
   * @param valueClip ε_v
   * @param valueWeight c_v
   * @param entropyWeight c_h, 0 for none
   */
  public record Options(
      double clipRange, double valueClip, double valueWeight, double entropyWeight) {
    /** Checks that nothing is negative. */
    public Options {
      if (!(clipRange > 0 && valueClip > 0 && valueWeight >= 0 && entropyWeight >= 0)) {
        throw new IllegalArgumentException(
            "PPO: got clip range %s, value clip %s, value weight %s, entropy weight %s, expected"
                    .formatted(clipRange, valueClip, valueWeight, entropyWeight)
                + " ranges above 0 and weights of 0 or more");
      }
    }
  }

  private final Options options;
  private final double tokens;

  /**
   * The loss of a step, of which a part may be computed at a time.
   *
   * @param tokens how many answer tokens all parts of the step have
   */
  public PpoLoss(Options options, int tokens) {
    this.options = options;
    this.tokens = tokens;
  }

  /**
   * The loss of a part. Figures, as means over tokens: {@code policy_loss}, {@code value_loss},
   * {@code entropy}, {@code clip_fraction}, {@code ratio}, and {@code policy_kl}, the divergence
   * from the policy that sampled (estimator k3).
   */
  public Loss of(ActorCritic model, List<PpoSample> samples) {
    PackedBatch batch =
        PackedBatch.pack(
            samples.stream().map(PpoSample::sequence).toList(),
            model.config().contextLength(),
            LastToken.PREDICTED);
    ActorCritic.Forward forward = model.forward(batch);
    Tensor logRatioR = forward.policy().logProbsR().sub(all(samples, PpoSample::logProbs));
    Tensor ratioR = logRatioR.exp();
    Tensor policyR = policyLoss(ratioR, all(samples, PpoSample::advantages));
    Tensor valueR =
        valueLoss(
            forward.valuesR(), all(samples, PpoSample::values), all(samples, PpoSample::returns));
    Tensor entropyR = entropies(forward.policy());
    Tensor lossR =
        policyR
            .add(valueR, scalar(options.valueWeight()))
            .sub(entropyR, scalar(options.entropyWeight()));
    var figures = new LinkedHashMap<String, Double>();
    figures.put("policy_loss", mean(policyR));
    figures.put("value_loss", mean(valueR));
    figures.put("entropy", mean(entropyR));
    figures.put("ratio", mean(ratioR));
    figures.put(
        "clip_fraction",
        mean(ratioR.detach().sub(scalar(1)).abs().gt(scalar(options.clipRange()))));
    // k3 = (1/ρ' − 1) + log ρ' with ρ' = p_old / p seen from the sampling policy.
    figures.put("policy_kl", mean(ratioR.detach().sub(scalar(1)).sub(logRatioR.detach())));
    return Loss.of(lossR.sum().mul(scalar(1 / tokens)), figures);
  }

  /** −min(ρ·A, clip(ρ, 1 ± ε)·A), [R]. */
  Tensor policyLoss(Tensor ratioR, Tensor advantagesR) {
    Tensor clippedR =
        ratioR.clamp(
            new ScalarOptional(scalar(1 - options.clipRange())),
            new ScalarOptional(scalar(1 + options.clipRange())));
    return torch.min(ratioR.mul(advantagesR), clippedR.mul(advantagesR)).neg();
  }

  /** ½ max((V − R)², (V_old + clip(V − V_old, ± ε_v) − R)²), [R]. */
  Tensor valueLoss(Tensor valuesR, Tensor oldValuesR, Tensor returnsR) {
    Tensor changeR =
        valuesR
            .sub(oldValuesR)
            .clamp(
                new ScalarOptional(scalar(-options.valueClip())),
                new ScalarOptional(scalar(options.valueClip())));
    Tensor freeR = valuesR.sub(returnsR).square();
    Tensor clippedR = oldValuesR.add(changeR).sub(returnsR).square();
    return torch.max(freeR, clippedR).mul(scalar(0.5));
  }

  /** Without gradients where they would be multiplied by 0: they cost three passes over logits. */
  private Tensor entropies(LogProbs.Forward policy) {
    if (options.entropyWeight() > 0) {
      return policy.entropiesR();
    }
    try (var off = new NoGradGuard()) {
      return policy.entropiesR();
    }
  }

  private double mean(Tensor valuesR) {
    return valuesR.detach().sum().to(torch.ScalarType.Float).item_float() / tokens;
  }

  private static Tensor all(List<PpoSample> samples, Function<PpoSample, float[]> array) {
    int count = samples.stream().mapToInt(sample -> array.apply(sample).length).sum();
    float[] values = new float[count];
    int from = 0;
    for (PpoSample sample : samples) {
      float[] part = array.apply(sample);
      System.arraycopy(part, 0, values, from, part.length);
      from += part.length;
    }
    return Tensors.vector(values);
  }

  private static Scalar scalar(double value) {
    return new Scalar((float) value);
  }
}
