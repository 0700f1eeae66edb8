package io.quartet.checkpoint;

/** What a model's head computes, by the suffix of the class's name at Hugging Face. */
public enum Architecture {
  /** Next-token logits. */
  CAUSAL_LM("ForCausalLM"),
  /** One number for a whole sequence, read at its last token: a reward model. */
  SEQUENCE_CLASSIFICATION("ForSequenceClassification");

  private final String classSuffix;

  Architecture(String classSuffix) {
    this.classSuffix = classSuffix;
  }

  /** The end of the name in {@code config.json}'s {@code architectures}. */
  String classSuffix() {
    return classSuffix;
  }
}
