package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.OpenModels;
import io.quartet.model.CausalLm;
import io.quartet.model.LogProbs;
import io.quartet.model.ModelWeights;
import io.quartet.model.Precision;
import io.quartet.model.TokenSequence;
import io.quartet.model.TorchRuntime;
import io.quartet.model.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** For every family, what the decoder computes is what the trainer computes. */
class OpenModelAgreementTest {
  static final List<String> FAMILIES = OpenModels.FAMILIES;
  private static final Workers WORKERS = TorchRuntime.configure(2);

  @TempDir Path folder;

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void decodersLogProbsAreTheTrainers(String family) {
    Path directory = OpenModels.copy(family, folder);
    CausalLm model =
        ModelWeights.causalLm(
            ModelConfig.read(directory.resolve(ModelConfig.FILE)),
            Precision.FP32,
            directory.resolve(Checkpoint.WEIGHTS));
    int[] tokens = OpenModels.ids(OpenModels.expected(family).path("tokens"));
    List<int[]> prompts = List.of(Arrays.copyOf(tokens, 1), Arrays.copyOf(tokens, 17), tokens);
    try (var engine = DecoderEngine.open(directory, new DecoderOptions(4, 2))) {
      List<SamplingParams> params = new ArrayList<>();
      for (int i = 0; i < prompts.size(); i++) {
        params.add(SamplingParams.sampled(1, i, 60));
      }
      List<Generation> answers = engine.generate(prompts, params);
      List<TokenSequence> answered = new ArrayList<>();
      for (int i = 0; i < answers.size(); i++) {
        answered.add(TokenSequence.answer(prompts.get(i), answers.get(i).tokenIds()));
      }
      List<LogProbs> ofAnswers = LogProbs.of(model, answered, WORKERS);
      float[] scored = engine.logProbs(List.of(tokens))[0];
      LogProbs ofTokens =
          LogProbs.of(model, List.of(TokenSequence.document(tokens)), WORKERS).get(0);

      assertThat(scored).hasSize(tokens.length - 1);
      assertThat(scored).containsExactly(ofTokens.logProbs(), within(1e-4f));
      for (int i = 0; i < answers.size(); i++) {
        assertThat(answers.get(i).logProbs())
            .containsExactly(ofAnswers.get(i).logProbs(), within(1e-4f));
      }
    }
  }
}
