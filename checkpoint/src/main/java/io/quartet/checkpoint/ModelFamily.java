package io.quartet.checkpoint;

import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/** The open models that Quartet trains, by the {@code model_type} of their {@code config.json}. */
public enum ModelFamily {
  /** Touvron et al. 2023, arXiv:2302.13971; SmolLM and what Quartet trains from scratch. */
  LLAMA("llama", "Llama", false, false),
  /** Jiang et al. 2023, arXiv:2310.06825, with attention over the whole context. */
  MISTRAL("mistral", "Mistral", false, false),
  /** Yang et al. 2024, arXiv:2407.10671: a bias on queries, keys and values. */
  QWEN2("qwen2", "Qwen2", true, false),
  /** Yang et al. 2025, arXiv:2505.09388: every query and key is normalised. */
  QWEN3("qwen3", "Qwen3", false, true);

  private final String modelType;
  private final String classPrefix;
  private final boolean projectionBias;
  private final boolean queryKeyNorm;

  ModelFamily(String modelType, String classPrefix, boolean projectionBias, boolean queryKeyNorm) {
    this.modelType = modelType;
    this.classPrefix = classPrefix;
    this.projectionBias = projectionBias;
    this.queryKeyNorm = queryKeyNorm;
  }

  /** The {@code model_type}. */
  public String modelType() {
    return modelType;
  }

  /** Whether the query, key and value projections, and only these, have a bias. */
  public boolean projectionBias() {
    return projectionBias;
  }

  /** Whether each head's query and key go through an RMSNorm before they are turned. */
  public boolean queryKeyNorm() {
    return queryKeyNorm;
  }

  /** The name in {@code config.json}'s {@code architectures}. */
  String className(Architecture architecture) {
    return classPrefix + architecture.classSuffix();
  }

  static Optional<ModelFamily> ofModelType(String modelType) {
    return Arrays.stream(values()).filter(f -> f.modelType.equals(modelType)).findFirst();
  }

  /** All of them, for a message. */
  static String modelTypes() {
    return Arrays.stream(values())
        .map(f -> '"' + f.modelType + '"')
        .collect(Collectors.joining(" or "));
  }
}
