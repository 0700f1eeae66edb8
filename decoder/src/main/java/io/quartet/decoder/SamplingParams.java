package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How one answer is drawn. First the logits change: repetition penalty, presence and frequency
 * penalty, bias. Then the filters apply in the order temperature, top-k, top-p, min-p. Made by
 * {@link #greedy}, {@link #sampled} or {@link #builder}.
 *
 * @param temperature divides the logits, at most 100; 0 takes the likeliest token, and what is
 *     between 0 and 0.01 is 0.01
 * @param topK how many of the likeliest tokens stay; 0 keeps all
 * @param topP the likeliest tokens stay whose probabilities reach this sum (nucleus sampling,
 *     arXiv:1904.09751); 1 keeps all, 0 the likeliest alone
 * @param minP tokens stay that are at least this share as probable as the likeliest
 *     (arXiv:2407.01082); 0 keeps all
 * @param repetitionPenalty divides the logit of a token of the prompt or the answer if it is
 *     positive, multiplies it otherwise (arXiv:1909.05858); 1 changes nothing
 * @param presencePenalty is taken from the logit of every token of the answer; −2 to 2
 * @param frequencyPenalty is taken from the logit of a token for each time that the answer has it;
 *     −2 to 2
 * @param logitBias is added to the logits of these token ids; −100 to 100
 * @param seed of this answer's random numbers; same weights, prompt and seed give the same answer
 * @param maxTokens the most tokens to generate; the context length may end the answer earlier. 0
 *     only scores the prompt
 * @param stop strings that end the answer, none of them empty; the answer's tokens include the
 *     string
 * @param stopTokens ids that end the answer beside the model's own; the answer includes the token
 * @param topLogProbs how many of the likeliest tokens are reported beside each token, 0 to 20
 * @param promptLogProbs whether the prompt's tokens are scored too, which reads all of it anew
 */
public record SamplingParams(
    double temperature,
    int topK,
    double topP,
    double minP,
    double repetitionPenalty,
    double presencePenalty,
    double frequencyPenalty,
    Map<Integer, Float> logitBias,
    long seed,
    int maxTokens,
    List<String> stop,
    Set<Integer> stopTokens,
    int topLogProbs,
    boolean promptLogProbs) {
  /** A float, as knobs arrive as floats: this one is a little less than 0.01. */
  private static final float LOWEST = 0.01f;

  private static final float HIGHEST = 100;

  /** Checks every value; INVALID_ARGUMENT names the first that is impossible. */
  public SamplingParams {
    requireWithin("temperature", temperature, 0, HIGHEST, "0 to 100");
    temperature = temperature > 0 ? Math.max(temperature, LOWEST) : 0;
    require(topK >= 0, "top-k", topK, "0 or more");
    requireWithin("top-p", topP, 0, 1, "0 to 1");
    requireWithin("min-p", minP, 0, 1, "0 to 1");
    requireWithin("repetition penalty", repetitionPenalty, LOWEST, HIGHEST, "0.01 to 100");
    requireWithin("presence penalty", presencePenalty, 2);
    requireWithin("frequency penalty", frequencyPenalty, 2);
    logitBias = Map.copyOf(logitBias);
    logitBias.forEach((token, bias) -> requireWithin("bias of token " + token, bias, 100));
    require(
        maxTokens >= (promptLogProbs ? 0 : 1),
        "max tokens",
        maxTokens,
        promptLogProbs ? "0 or more" : "1 or more, or 0 with prompt log-probs");
    stop = List.copyOf(stop);
    require(!stop.contains(""), "stop string", "''", "at least one character");
    stopTokens = Set.copyOf(stopTokens);
    require(topLogProbs >= 0 && topLogProbs <= 20, "top log-probs", topLogProbs, "0 to 20");
  }

  /** The likeliest token each time. */
  public static SamplingParams greedy(int maxTokens) {
    return builder().temperature(0).maxTokens(maxTokens).build();
  }

  /** Draws from the whole distribution. */
  public static SamplingParams sampled(double temperature, long seed, int maxTokens) {
    return builder().temperature(temperature).seed(seed).maxTokens(maxTokens).build();
  }

  /** Begins with the model's own distribution, seed 0, and as many tokens as the context has. */
  public static Builder builder() {
    return new Builder();
  }

  /** Begins with these values. */
  public Builder toBuilder() {
    var builder = new Builder();
    builder.temperature = temperature;
    builder.topK = topK;
    builder.topP = topP;
    builder.minP = minP;
    builder.repetitionPenalty = repetitionPenalty;
    builder.presencePenalty = presencePenalty;
    builder.frequencyPenalty = frequencyPenalty;
    builder.logitBias = logitBias;
    builder.seed = seed;
    builder.maxTokens = maxTokens;
    builder.stop = stop;
    builder.stopTokens = stopTokens;
    builder.topLogProbs = topLogProbs;
    builder.promptLogProbs = promptLogProbs;
    return builder;
  }

  private static void requireWithin(String what, double found, int bound) {
    requireWithin(what, found, -bound, bound, "−%d to %d".formatted(bound, bound));
  }

  private static void requireWithin(
      String what, double found, double least, double most, String expected) {
    require(found >= least && found <= most, what, (float) found, expected); // as it was written
  }

  private static void require(boolean possible, String what, Object found, String expected) {
    if (!possible) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "sampling: %s %s, expected %s".formatted(what, found, expected));
    }
  }

  /** Values by name; {@link #build} checks them. The names are those of the record. */
  @SuppressWarnings("MissingJavadoc") // each sets the record's component of its name
  public static final class Builder {
    private double temperature = 1;
    private int topK;
    private double topP = 1;
    private double minP;
    private double repetitionPenalty = 1;
    private double presencePenalty;
    private double frequencyPenalty;
    private Map<Integer, Float> logitBias = Map.of();
    private long seed;
    private int maxTokens = Integer.MAX_VALUE;
    private List<String> stop = List.of();
    private Set<Integer> stopTokens = Set.of();
    private int topLogProbs;
    private boolean promptLogProbs;

    private Builder() {}

    public Builder temperature(double value) {
      temperature = value;
      return this;
    }

    public Builder topK(int value) {
      topK = value;
      return this;
    }

    public Builder topP(double value) {
      topP = value;
      return this;
    }

    public Builder minP(double value) {
      minP = value;
      return this;
    }

    public Builder repetitionPenalty(double value) {
      repetitionPenalty = value;
      return this;
    }

    public Builder presencePenalty(double value) {
      presencePenalty = value;
      return this;
    }

    public Builder frequencyPenalty(double value) {
      frequencyPenalty = value;
      return this;
    }

    public Builder logitBias(Map<Integer, Float> value) {
      logitBias = value;
      return this;
    }

    public Builder seed(long value) {
      seed = value;
      return this;
    }

    public Builder maxTokens(int value) {
      maxTokens = value;
      return this;
    }

    public Builder stop(List<String> value) {
      stop = value;
      return this;
    }

    public Builder stopTokens(Set<Integer> value) {
      stopTokens = value;
      return this;
    }

    public Builder topLogProbs(int value) {
      topLogProbs = value;
      return this;
    }

    public Builder promptLogProbs(boolean value) {
      promptLogProbs = value;
      return this;
    }

    /**
     * The parameters.
     *
     * @throws QuartetException INVALID_ARGUMENT naming the first value that is impossible
     */
    public SamplingParams build() {
      return new SamplingParams(
          temperature,
          topK,
          topP,
          minP,
          repetitionPenalty,
          presencePenalty,
          frequencyPenalty,
          logitBias,
          seed,
          maxTokens,
          stop,
          stopTokens,
          topLogProbs,
          promptLogProbs);
    }
  }
}
