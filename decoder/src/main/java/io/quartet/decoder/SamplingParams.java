package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.List;

/**
 * How one answer is drawn. The filters apply in the order temperature, top-k, top-p.
 *
 * @param temperature divides the logits; 0 takes the likeliest token, else 0.01 to 100
 * @param topK how many of the likeliest tokens stay; 0 keeps all
 * @param topP the likeliest tokens stay whose probabilities reach this sum (nucleus sampling,
 *     arXiv:1904.09751); 1 keeps all
 * @param seed of this answer's random numbers; same weights, prompt and seed give the same answer
 * @param maxTokens the most tokens to generate; the context length may end the answer earlier
 * @param stop strings that end the answer, none of them empty; the answer's tokens include the
 *     string
 */
public record SamplingParams(
    double temperature, int topK, double topP, long seed, int maxTokens, List<String> stop) {
  private static final double LOWEST = 0.01;
  private static final double HIGHEST = 100;

  /** Checks every value; INVALID_ARGUMENT names the first that is impossible. */
  public SamplingParams {
    if (temperature != 0 && !(temperature >= LOWEST && temperature <= HIGHEST)) {
      throw invalid("temperature", temperature, "0, or 0.01 to 100");
    }
    if (topK < 0) {
      throw invalid("top-k", topK, "0 or more");
    }
    if (!(topP > 0 && topP <= 1)) {
      throw invalid("top-p", topP, "above 0 and at most 1");
    }
    if (maxTokens < 1) {
      throw invalid("max tokens", maxTokens, "1 or more");
    }
    stop = List.copyOf(stop);
    if (stop.contains("")) {
      throw invalid("stop string", "''", "at least one character");
    }
  }

  /** The likeliest token each time. */
  public static SamplingParams greedy(int maxTokens) {
    return new SamplingParams(0, 0, 1, 0, maxTokens, List.of());
  }

  /** Draws from the whole distribution. */
  public static SamplingParams sampled(double temperature, long seed, int maxTokens) {
    return new SamplingParams(temperature, 0, 1, seed, maxTokens, List.of());
  }

  private static QuartetException invalid(String what, Object found, String expected) {
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT,
        "sampling: %s %s, expected %s".formatted(what, found, expected));
  }
}
