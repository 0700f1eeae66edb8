package io.quartet.recipe;

import io.quartet.checkpoint.LoraConfig;
import java.util.List;
import java.util.Set;

/**
 * Low-rank adapters beside frozen weights (Hu et al. 2021) instead of training every weight.
 *
 * @param rank inner size of the product that is added to a projection
 * @param alpha what it is scaled by, over the rank
 * @param targetModules the projections: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj,
 *     down_proj
 * @param dropout share of an adapter's inputs that are dropped
 */
public record LoraSection(int rank, double alpha, List<String> targetModules, double dropout) {
  /** Validates the values. */
  public LoraSection {
    targetModules = List.copyOf(targetModules);
    Check.between("rank", rank, 1, 4096);
    Check.positive("alpha", alpha);
    Check.holds(
        !targetModules.isEmpty()
            && LoraConfig.PROJECTIONS.containsAll(targetModules)
            && Set.copyOf(targetModules).size() == targetModules.size(),
        "target_modules",
        targetModules,
        "some of %s, each once".formatted(LoraConfig.PROJECTIONS));
    Check.between("dropout", dropout, 0, 0.9);
  }

  /** The adapters' settings. */
  public LoraConfig config() {
    return new LoraConfig(rank, alpha, targetModules, dropout);
  }
}
