package io.quartet.reward;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderOptions;
import java.util.List;

/**
 * What a reward model reads before a conversation.
 *
 * <p>Safe for any thread.
 */
interface Recital extends AutoCloseable {
  /** Nothing: a reward model reads the conversation alone. */
  Recital NONE =
      new Recital() {
        @Override
        public int maxTokens() {
          return 0;
        }

        @Override
        public List<int[]> before(List<int[]> conversations) {
          return conversations;
        }

        @Override
        public void close() {}
      };

  /**
   * What the base model recalls, which is loaded for it.
   *
   * @param base the base model of the reward model's run
   * @param maxTokens the longest recital; 0 for {@link #NONE}, which loads nothing
   * @throws QuartetException FAILED_PRECONDITION if there are to be recitals and the model has a
   *     chat template of its own, in which nobody knows where a question is; else as {@link
   *     DecoderEngine#open}
   */
  static Recital open(Checkpoint base, Tokenizer tokenizer, int maxTokens, DecoderOptions options) {
    if (maxTokens == 0) {
      return NONE;
    }
    if (!new ChatTemplate(tokenizer).own()) {
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          "reward.recital_tokens: %d, expected 0 for a model with a chat template of its own"
              .formatted(maxTokens));
    }
    return new BaseRecital(DecoderEngine.open(base, options), tokenizer, maxTokens);
  }

  /** The longest recital, in tokens. */
  int maxTokens();

  /**
   * The sequences with the recital of their question before each, and no longer than the model's
   * context: of one that would be, the end is kept.
   *
   * @param conversations tokens of whole conversations
   */
  List<int[]> before(List<int[]> conversations);

  @Override
  void close();
}
