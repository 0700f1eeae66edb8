package io.quartet.checkpoint;

import java.util.List;

/**
 * Low-rank adaptation: y = W·x + (alpha / rank)·B·A·x with W frozen; Hu et al. 2021,
 * arXiv:2106.09685.
 *
 * @param rank r, the inner size of B·A
 * @param alpha what the product is scaled by, over the rank
 * @param targetModules names of the projections that are adapted, as Hugging Face calls them
 * @param dropout share of an adapter's inputs that are dropped in training
 */
public record LoraConfig(int rank, double alpha, List<String> targetModules, double dropout) {
  /** The projections of a block, which are what can be adapted. */
  public static final List<String> PROJECTIONS =
      List.of("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj");

  /** Checks the ranges; INVALID_ARGUMENT says which value is impossible. */
  public LoraConfig {
    targetModules = List.copyOf(targetModules);
    if (rank < 1 || rank > 65_536) {
      throw invalid("rank %d, expected 1 to 65536", rank);
    }
    if (!(alpha > 0) || Double.isInfinite(alpha)) {
      throw invalid("alpha %s, expected a number above 0", alpha);
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw invalid("dropout %s, expected at least 0 and less than 1", dropout);
    }
    if (targetModules.isEmpty()
        || !PROJECTIONS.containsAll(targetModules)
        || targetModules.stream().distinct().count() != targetModules.size()) {
      throw invalid(
          "target_modules %s, expected some of %s, each once", targetModules, PROJECTIONS);
    }
  }

  /** alpha / rank, as PEFT scales: half the rank doubles the update. */
  public double scale() {
    return alpha / rank;
  }

  /**
   * Whether a module is adapted.
   *
   * @param module a full name such as {@code model.layers.0.self_attn.q_proj}
   */
  public boolean adapts(String module) {
    return targetModules.contains(module.substring(module.lastIndexOf('.') + 1));
  }

  private static QuartetException invalid(String format, Object... arguments) {
    return new QuartetException(ErrorCode.INVALID_ARGUMENT, "lora: " + format.formatted(arguments));
  }
}
