package io.quartet.checkpoint;

import java.util.Arrays;
import java.util.Optional;

/** What a model's head computes, by the name that Hugging Face gives the class. */
public enum Architecture {
  /** Next-token logits. */
  CAUSAL_LM("LlamaForCausalLM"),
  /** One number for a whole sequence, read at its last token: a reward model. */
  SEQUENCE_CLASSIFICATION("LlamaForSequenceClassification");

  private final String className;

  Architecture(String className) {
    this.className = className;
  }

  /** The name in {@code config.json}'s {@code architectures}. */
  public String className() {
    return className;
  }

  static Optional<Architecture> ofClassName(String className) {
    return Arrays.stream(values()).filter(a -> a.className.equals(className)).findFirst();
  }
}
