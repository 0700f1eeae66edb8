package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.SamplingParameters;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class EffectiveSamplingTest {
  @Test
  void unsetKnobsAreTheFieldsDefaultsAndASeedIsChosen() {
    long seed = new SplittableRandom(3).nextLong(1L << 53);

    assertThat(effective(SamplingParameters.getDefaultInstance(), GenerationDefaults.NONE))
        .isEqualTo(
            SamplingParameters.newBuilder()
                .setTemperature(1)
                .setTopK(0)
                .setTopP(1)
                .setSeed(seed)
                .setMaxTokens(40)
                .setMinP(0)
                .setRepetitionPenalty(1)
                .setPresencePenalty(0)
                .setFrequencyPenalty(0)
                .setTopLogProbs(0)
                .setPromptLogProbs(false)
                .build());
  }

  @Test
  void theModelsDefaultsComeBeforeTheFieldsAndAfterTheRequests(@TempDir Path folder)
      throws IOException {
    Files.writeString(
        folder.resolve("generation_config.json"),
        "{\"temperature\": 0.5, \"top_k\": 7, \"top_p\": null, \"min_p\": 0.25,"
            + " \"repetition_penalty\": 1.5, \"max_new_tokens\": 9}");
    var asked = SamplingParameters.newBuilder().setTopK(3).setSeed(-1).addStop("x").build();

    SamplingParameters echo = effective(asked, GenerationDefaults.read(folder));

    assertThat(
            List.of(
                echo.getTemperature(),
                echo.getTopK(),
                echo.getTopP(),
                echo.getMinP(),
                echo.getRepetitionPenalty(),
                echo.getMaxTokens(),
                echo.getSeed(),
                echo.getStop(0)))
        .containsExactly(0.5f, 3, 1f, 0.25f, 1.5f, 9, -1L, "x");
  }

  @Test
  void whatWasAskedForIsEchoedAsItIs() {
    SamplingParameters asked =
        SamplingParameters.newBuilder()
            .setTemperature(0.7f)
            .setTopK(3)
            .setTopP(0.9f)
            .setMinP(0.1f)
            .setRepetitionPenalty(1.1f)
            .setPresencePenalty(-0.3f)
            .setFrequencyPenalty(0.2f)
            .putLogitBias(7, -100)
            .setSeed(9)
            .setMaxTokens(5)
            .addStop("x")
            .addStopTokenIds(11)
            .setTopLogProbs(2)
            .setPromptLogProbs(true)
            .build();

    assertThat(effective(asked, GenerationDefaults.NONE)).isEqualTo(asked);
  }

  @Test
  void aTemperatureBelowTheLowestIsEchoedAsTheLowest() {
    var asked = SamplingParameters.newBuilder().setTemperature(0.001f).setTopP(0).build();

    SamplingParameters echo = effective(asked, GenerationDefaults.NONE);

    assertThat(List.of(echo.getTemperature(), echo.getTopP())).containsExactly(0.01f, 0f);
  }

  @Test
  void anAnswerIsNeverLongerThanTheContextAllows() {
    var asked = SamplingParameters.newBuilder().setMaxTokens(1000).build();

    assertThat(effective(asked, GenerationDefaults.NONE).getMaxTokens()).isEqualTo(40);
  }

  @ParameterizedTest
  @MethodSource("impossible")
  void impossibleValuesAreRefusedByName(SamplingParameters asked, String message) {
    assertThatThrownBy(() -> effective(asked, GenerationDefaults.NONE))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessage(message);
  }

  static Stream<Object[]> impossible() {
    return Stream.of(
        row(knobs().setTemperature(-1), "sampling: temperature -1.0, expected 0 to 100"),
        row(knobs().setTemperature(Float.NaN), "sampling: temperature NaN, expected 0 to 100"),
        row(knobs().setTopK(-2), "sampling: top-k -2, expected 0 or more"),
        row(knobs().setTopP(1.5f), "sampling: top-p 1.5, expected 0 to 1"),
        row(
            knobs().setMaxTokens(0),
            "sampling: max tokens 0, expected 1 or more, or 0 with prompt log-probs"),
        row(knobs().setMinP(2), "sampling: min-p 2.0, expected 0 to 1"),
        row(knobs().setPresencePenalty(3), "sampling: presence penalty 3.0, expected −2 to 2"),
        row(knobs().putLogitBias(7, 101), "sampling: bias of token 7 101.0, expected −100 to 100"),
        row(knobs().setTopLogProbs(21), "sampling: top log-probs 21, expected 0 to 20"));
  }

  @Test
  void aDefaultThatIsNoNumberNamesItsFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("generation_config.json");
    Files.writeString(file, "{\"top_k\": \"many\"}");

    assertThatThrownBy(() -> GenerationDefaults.read(folder))
        .hasMessage(file + ": top_k is \"many\", expected a whole number");
  }

  private static SamplingParameters.Builder knobs() {
    return SamplingParameters.newBuilder();
  }

  private static Object[] row(SamplingParameters.Builder knobs, String message) {
    return new Object[] {knobs.build(), message};
  }

  private static SamplingParameters effective(
      SamplingParameters asked, GenerationDefaults defaults) {
    return EffectiveSampling.of(asked, defaults, 40, new SplittableRandom(3)).echo();
  }
}
