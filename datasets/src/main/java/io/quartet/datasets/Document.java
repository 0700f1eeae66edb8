package io.quartet.datasets;

/**
 * Running text for the base stage, between two end-of-text tokens. The lessons' documents begin
 * with a space, so that their first word is the same token as in the middle of a sentence.
 */
public record Document(String text) {
  /** Validates that there is text. */
  public Document {
    if (text.isBlank()) {
      throw new IllegalArgumentException("document: got no text");
    }
  }
}
