package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.v1.Usage;

/** The tokens of all answers to one request. Guarded by its reply. */
final class TotalUsage {
  private final int samples;
  private int prompt;
  private int cached;
  private int completion;

  /**
   * @param samples answers to each prompt, which is counted once
   */
  TotalUsage(int samples) {
    this.samples = samples;
  }

  void add(int answer, Usage usage) {
    if (answer % samples == 0) {
      prompt += usage.getPromptTokens();
      cached += usage.getCachedPromptTokens();
    }
    completion += usage.getCompletionTokens();
  }

  ObjectNode json() {
    ObjectNode usage =
        JsonNodeFactory.instance
            .objectNode()
            .put("prompt_tokens", prompt)
            .put("completion_tokens", completion)
            .put("total_tokens", prompt + completion);
    usage.putObject("prompt_tokens_details").put("cached_tokens", cached);
    return usage;
  }
}
