package io.quartet.gateway;

import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.decoder.Generation;
import io.quartet.decoder.ScoredToken;
import io.quartet.v1.FinishReason;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.Usage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The reader of one answer. Its methods are called one after the other, never at once. */
public interface AnswerSink {
  /**
   * Whom to tell.
   *
   * @param wake the reader can take more
   * @param cancel the reader is gone, with all that was for it or without
   */
  void connect(Runnable wake, Runnable cancel);

  /** Whether it takes a part now; asked again after it woke. */
  boolean ready();

  /** Whether it keeps what it is given for the end, so that only the end of the call frees it. */
  default boolean keeps() {
    return false;
  }

  /** The answer begins. */
  void begin(Beginning beginning);

  /** The prompt's tokens from the second on, where the knobs ask for them; before any part. */
  void prompt(List<ScoredToken> tokens);

  /** More of the answer, whole characters and the tokens that came with them. */
  void part(String text, List<ScoredToken> tokens);

  /** The answer is whole. */
  void end(FinishReason reason, Usage usage);

  /** There is no answer, or no more of it. */
  void fail(QuartetException failure);

  /**
   * What is known of an answer before its first token.
   *
   * @param checkpointId whose weights answer
   * @param effective every knob's value in force
   * @param prompt the tokens that the answer continues
   * @param tokenizer spells tokens; encodes nothing any more once the answer has ended
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over without a copy, never compared
  record Beginning(
      String checkpointId, SamplingParameters effective, int[] prompt, Tokenizer tokenizer) {
    /** Whether {@link #prompt} tells it something; a first token is not scored. */
    boolean promptIsScored() {
      return effective.getPromptLogProbs() && prompt.length > 1;
    }

    /** The prompt as text, for a reader who wants it before the answer. */
    public String promptText() {
      return tokenizer.decode(prompt);
    }

    /** What prompt and answer came to, once the decoder has said what it took. */
    Usage usage(int completionTokens, Generation.@Nullable Effort effort) {
      return Usage.newBuilder()
          .setPromptTokens(prompt.length)
          .setCompletionTokens(completionTokens)
          .setCachedPromptTokens(effort == null ? 0 : effort.cachedPromptTokens())
          .build();
    }
  }
}
