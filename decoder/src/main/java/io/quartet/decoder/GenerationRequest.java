package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import java.util.Optional;

/**
 * One answer that is asked for. Several samples of one prompt are several requests with the same
 * prompt and different seeds; their prompt is computed once.
 *
 * @param prompt token ids, at least one; not copied, and not to be changed any more
 * @param params how the answer is drawn
 * @param priority whether others go before it while it waits
 * @param timeLimit how long from now it may take, waiting included: then it ends with what it has,
 *     {@link FinishReason#TIME_LIMIT}
 */
@SuppressWarnings("ArrayRecordComponent") // handed over without a copy, never compared
public record GenerationRequest(
    int[] prompt, SamplingParams params, Priority priority, Optional<Duration> timeLimit) {
  /** Checks the time limit; INVALID_ARGUMENT. */
  public GenerationRequest {
    timeLimit.ifPresent(
        limit -> {
          if (limit.isNegative()) {
            throw new QuartetException(
                ErrorCode.INVALID_ARGUMENT,
                "time limit %s, expected zero or more".formatted(limit));
          }
        });
  }

  /** An interactive request without a time limit. */
  public static GenerationRequest of(int[] prompt, SamplingParams params) {
    return new GenerationRequest(prompt, params, Priority.INTERACTIVE, Optional.empty());
  }
}
