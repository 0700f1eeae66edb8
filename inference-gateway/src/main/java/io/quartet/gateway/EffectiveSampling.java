package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.SamplingParams;
import io.quartet.v1.SamplingParameters;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * What a request's knobs come to: its own value, else the model's, else the field's default.
 *
 * @param params for the decoder; without the stop strings, which end the text here
 * @param stop strings that end the answer
 * @param echo every value in force, for the caller
 */
record EffectiveSampling(SamplingParams params, List<String> stop, SamplingParameters echo) {
  private static final int MOST_STOPS = 16;
  private static final int LONGEST_STOP = 256;

  /** Whole numbers up to here survive a client whose only number is a double. */
  private static final long SEEDS = 1L << 53;

  /**
   * Resolves and checks every knob.
   *
   * @param room the tokens that the context has left for the answer
   * @param random gives the seed if the caller names none
   * @throws QuartetException INVALID_ARGUMENT naming the knob, its value and what was expected
   */
  static EffectiveSampling of(
      SamplingParameters asked, GenerationDefaults defaults, int room, RandomGenerator random) {
    List<String> stop = List.copyOf(asked.getStopList());
    requireStops(stop);
    double temperature =
        asked.hasTemperature() ? asked.getTemperature() : defaults.temperature().orElse(1);
    int topK = asked.hasTopK() ? asked.getTopK() : defaults.topK().orElse(0);
    double topP = asked.hasTopP() ? asked.getTopP() : defaults.topP().orElse(1);
    long seed = asked.hasSeed() ? asked.getSeed() : random.nextLong(SEEDS);
    int most = asked.hasMaxTokens() ? asked.getMaxTokens() : defaults.maxTokens().orElse(room);
    var params =
        SamplingParams.builder()
            .temperature(temperature)
            .topK(topK)
            .topP(topP)
            .seed(seed)
            .maxTokens(Math.min(most, room))
            .build();
    var echo =
        SamplingParameters.newBuilder()
            .setTemperature((float) temperature)
            .setTopK(topK)
            .setTopP((float) topP)
            .setSeed(seed)
            .setMaxTokens(params.maxTokens())
            .addAllStop(stop)
            .build();
    return new EffectiveSampling(params, stop, echo);
  }

  /** The knobs with a seed, so that several samples can count on from it. */
  static SamplingParameters seeded(SamplingParameters asked, RandomGenerator random) {
    return asked.hasSeed() ? asked : asked.toBuilder().setSeed(random.nextLong(SEEDS)).build();
  }

  private static void requireStops(List<String> stop) {
    if (stop.size() > MOST_STOPS) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "sampling: %d stop strings, expected at most %d".formatted(stop.size(), MOST_STOPS));
    }
    for (String string : stop) {
      if (string.isEmpty() || string.length() > LONGEST_STOP) {
        throw new QuartetException(
            INVALID_ARGUMENT,
            "sampling: stop string of %d characters, expected 1 to %d"
                .formatted(string.length(), LONGEST_STOP));
      }
    }
  }
}
