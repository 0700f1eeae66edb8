package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.nio.IntBuffer;
import java.util.Arrays;
import java.util.function.IntPredicate;

/** A prompt and the answer that grows behind it. Belongs to the batcher's thread. */
final class Sequence {
  private static final System.Logger LOG = System.getLogger(Sequence.class.getName());

  private final int[] tokens;
  private final float[] logProbs;
  private final int promptLength;
  private final SamplingParams params;
  private final Sampler sampler;
  private final IntPredicate ends;
  private final TokenListener listener;
  private final GenerationHandle handle;
  private final String weights;
  private int length;
  private int read;

  /**
   * @param room the most tokens to generate
   * @param ends told every generated token once, says whether it ends the answer
   */
  Sequence(
      int[] prompt,
      int room,
      SamplingParams params,
      IntPredicate ends,
      TokenListener listener,
      GenerationHandle handle,
      String weights) {
    this.tokens = Arrays.copyOf(prompt, prompt.length + room);
    this.logProbs = new float[room];
    this.promptLength = prompt.length;
    this.params = params;
    this.sampler = Sampler.of(params);
    this.ends = ends;
    this.listener = listener;
    this.handle = handle;
    this.weights = weights;
    this.length = prompt.length;
  }

  int promptLength() {
    return promptLength;
  }

  /** The most tokens it may come to, which is one more than its slot must hold. */
  int capacity() {
    return tokens.length;
  }

  /** How many of its tokens are in its slot. */
  int read() {
    return read;
  }

  boolean cancelled() {
    return handle.cancelled();
  }

  /** What makes two prompts' next-token distributions the same. */
  PromptKey promptKey() {
    return new PromptKey(IntBuffer.wrap(tokens, 0, promptLength).slice(), params.temperature());
  }

  /** Its next unread tokens, at most {@code most}, as a row of a step. */
  DecoderSession.Row row(int most) {
    int to = Math.min(length, read + most);
    return new DecoderSession.Row(tokens, read, to, params.temperature());
  }

  /** Notes that its slot holds its tokens up to {@code count}. */
  void readUpTo(int count) {
    read = count;
  }

  /** Whether every token is in its slot, so that the step gave its next-token distribution. */
  boolean allRead() {
    return read == length;
  }

  /**
   * Draws the next token from a row of the last step and tells the listener.
   *
   * @return whether the answer has ended, in whatever way
   */
  boolean advance(DecoderSession session, int row, Candidates candidates) {
    try {
      session.probabilities(row, candidates.refill());
      int token = sampler.sample(candidates);
      float logProb = session.logProbability(row, token);
      logProbs[length - promptLength] = logProb;
      tokens[length++] = token;
      listener.token(token, logProb);
      if (ends.test(token)) {
        return finish(FinishReason.STOP);
      }
      return length == tokens.length && finish(FinishReason.LENGTH);
    } catch (QuartetException e) {
      return fail(e);
    } catch (RuntimeException e) { // a listener's: its own answer ends, the others' go on
      return fail(new QuartetException(ErrorCode.INTERNAL, "token listener failed: " + e, e));
    }
  }

  /** Ends the answer with what it has; returns true. */
  boolean finish(FinishReason reason) {
    var generation =
        new Generation(
            Arrays.copyOfRange(tokens, promptLength, length),
            Arrays.copyOf(logProbs, length - promptLength),
            reason,
            weights);
    handle.complete(generation);
    tell(() -> listener.finished(generation));
    return true;
  }

  /** Ends the answer without a result; returns true. */
  boolean fail(QuartetException failure) {
    handle.fail(failure);
    tell(() -> listener.failed(failure));
    return true;
  }

  /** The answer is over, so a listener's failure has nowhere to go but the log. */
  private static void tell(Runnable news) {
    try {
      news.run();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "a token listener failed at the end of its answer", e);
    }
  }

  /** A prompt by its contents, and its temperature. */
  record PromptKey(IntBuffer prompt, double temperature) {}
}
