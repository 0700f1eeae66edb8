package io.quartet.decoder;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * One answer.
 *
 * @param tokens the generated tokens, without the prompt; with the token that ended it
 * @param prompt the prompt's tokens from the second on if {@link SamplingParams#promptLogProbs}
 *     asked for them, else empty
 * @param finishReason why it ended
 * @param weights the name of the weights that made it: the checkpoint's id, or its folder
 * @param effort what it took
 */
public record Generation(
    List<ScoredToken> tokens,
    List<ScoredToken> prompt,
    FinishReason finishReason,
    String weights,
    Effort effort) {
  /** Copies the lists. */
  public Generation {
    tokens = List.copyOf(tokens);
    prompt = List.copyOf(prompt);
  }

  /** The ids of the generated tokens, in an array of the caller's own. */
  public int[] tokenIds() {
    return tokens.stream().mapToInt(ScoredToken::id).toArray();
  }

  /** The generated tokens' log-probabilities in nats, in an array of the caller's own. */
  public float[] logProbs() {
    float[] logProbs = new float[tokens.size()];
    for (int i = 0; i < logProbs.length; i++) {
      logProbs[i] = tokens.get(i).logProb();
    }
    return logProbs;
  }

  /** The sum of the log-probabilities: log p(answer | prompt), in nats. */
  public double logProb() {
    return tokens.stream().mapToDouble(ScoredToken::logProb).sum();
  }

  @Override
  public String toString() {
    return "%s %s by %s"
        .formatted(finishReason, tokens.stream().map(ScoredToken::id).toList(), weights);
  }

  /**
   * Where an answer's time went.
   *
   * @param queued from the request until its prompt began to be read, or it ended
   * @param prefill from then until its first token, or it ended; empty if nobody read its prompt
   * @param decode from the first token until the end; empty without one
   * @param cachedPromptTokens prompt tokens that had been computed for others before
   */
  public record Effort(
      Duration queued,
      Optional<Duration> prefill,
      Optional<Duration> decode,
      int cachedPromptTokens) {}
}
