package io.quartet.gateway;

import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.FinishReason;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.Usage;
import java.util.List;

/** The reader of one answer. Its methods are called one after the other, never at once. */
interface AnswerSink {
  /**
   * Whom to tell.
   *
   * @param wake the reader can take more
   * @param cancel the reader is gone
   */
  void connect(Runnable wake, Runnable cancel);

  /** Whether it takes a part now; asked again after it woke. */
  boolean ready();

  /** The answer begins. */
  void begin(String checkpointId, SamplingParameters effective);

  /** More of the answer, whole characters and the tokens that came with them. */
  void part(String text, List<Integer> tokenIds, List<Float> logProbs);

  /** The answer is whole. */
  void end(FinishReason reason, Usage usage);

  /** There is no answer, or no more of it. */
  void fail(QuartetException failure);
}
