package io.quartet.gateway;

import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.SamplingParams;
import io.quartet.v1.SamplingParameters;
import java.util.List;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * What a request's knobs come to: its own value, else the model's, else the field's default.
 *
 * @param params for the decoder; without the stop strings, which end the text here
 * @param stop strings that end the answer
 * @param echo every value in force, for the caller
 */
record EffectiveSampling(SamplingParams params, List<String> stop, SamplingParameters echo) {
  /** Whole numbers up to here survive a client whose only number is a double. */
  private static final long SEEDS = 1L << 53;

  /**
   * Resolves and checks every knob but the stop strings, see {@link Question#requireStops}.
   *
   * @param room the tokens that the context has left for the answer
   * @param random gives the seed if the caller names none
   * @throws QuartetException INVALID_ARGUMENT naming the knob, its value and what was expected
   */
  static EffectiveSampling of(
      SamplingParameters asked, GenerationDefaults defaults, int room, RandomGenerator random) {
    double temperature =
        asked.hasTemperature() ? asked.getTemperature() : defaults.temperature().orElse(1);
    int topK = asked.hasTopK() ? asked.getTopK() : defaults.topK().orElse(0);
    double topP = asked.hasTopP() ? asked.getTopP() : defaults.topP().orElse(1);
    double minP = asked.hasMinP() ? asked.getMinP() : defaults.minP().orElse(0);
    double repetitionPenalty =
        asked.hasRepetitionPenalty()
            ? asked.getRepetitionPenalty()
            : defaults.repetitionPenalty().orElse(1);
    int most = asked.hasMaxTokens() ? asked.getMaxTokens() : defaults.maxTokens().orElse(room);
    var params =
        SamplingParams.builder()
            .temperature(temperature)
            .topK(topK)
            .topP(topP)
            .minP(minP)
            .repetitionPenalty(repetitionPenalty)
            .presencePenalty(asked.getPresencePenalty())
            .frequencyPenalty(asked.getFrequencyPenalty())
            .logitBias(asked.getLogitBiasMap())
            .seed(asked.hasSeed() ? asked.getSeed() : random.nextLong(SEEDS))
            .maxTokens(Math.min(most, room))
            .stopTokens(Set.copyOf(asked.getStopTokenIdsList()))
            .topLogProbs(asked.getTopLogProbs())
            .promptLogProbs(asked.getPromptLogProbs())
            .build();
    return new EffectiveSampling(params, List.copyOf(asked.getStopList()), echo(asked, params));
  }

  private static SamplingParameters echo(SamplingParameters asked, SamplingParams params) {
    return asked.toBuilder()
        .setTemperature((float) params.temperature())
        .setTopK(params.topK())
        .setTopP((float) params.topP())
        .setSeed(params.seed())
        .setMaxTokens(params.maxTokens())
        .setMinP((float) params.minP())
        .setRepetitionPenalty((float) params.repetitionPenalty())
        .setPresencePenalty((float) params.presencePenalty())
        .setFrequencyPenalty((float) params.frequencyPenalty())
        .setTopLogProbs(params.topLogProbs())
        .setPromptLogProbs(params.promptLogProbs())
        .build();
  }

  /** The knobs with a seed, so that several samples can count on from it. */
  static SamplingParameters seeded(SamplingParameters asked, RandomGenerator random) {
    return asked.hasSeed() ? asked : asked.toBuilder().setSeed(random.nextLong(SEEDS)).build();
  }
}
