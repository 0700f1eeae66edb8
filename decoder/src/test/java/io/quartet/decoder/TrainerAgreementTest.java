package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.model.CausalLm;
import io.quartet.model.LogProbs;
import io.quartet.model.ModelWeights;
import io.quartet.model.Precision;
import io.quartet.model.RewardModel;
import io.quartet.model.TokenSequence;
import io.quartet.model.TorchRuntime;
import io.quartet.model.TransformerModel;
import io.quartet.model.Workers;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The decoder and libtorch compute the same model. */
class TrainerAgreementTest {
  private static final Workers WORKERS = TorchRuntime.configure(2);
  private static final ModelConfig CONFIG = TestModel.GROUPED;

  @TempDir Path folder;

  @Test
  void decodersLogProbsAreTheTrainers() {
    assertLogProbsAgree(CONFIG);
  }

  @Test
  void decodersLogProbsAreTheTrainersWithAHeadOfItsOwn() {
    assertLogProbsAgree(TestModel.untied(CONFIG, CONFIG.keyValueHeads()));
  }

  @Test
  void decodersRewardsAreTheTrainers() {
    ModelConfig config = CONFIG.withArchitecture(Architecture.SEQUENCE_CLASSIFICATION);
    List<int[]> sequences = sequences();
    var model = new RewardModel(config, Precision.FP32, 3);
    save(model);
    float[] expected =
        model.score(sequences.stream().map(TokenSequence::document).toList(), WORKERS);
    try (var scorer = SequenceScorer.open(folder, 2)) {
      assertThat(scorer.rewards(sequences)).containsExactly(expected, within(1e-4f));
    }
  }

  private void assertLogProbsAgree(ModelConfig config) {
    List<int[]> sequences = sequences();
    var model = new CausalLm(config, Precision.FP32, 2);
    save(model);
    try (var engine = DecoderEngine.open(folder, new DecoderOptions(8, 2))) {
      List<SamplingParams> params = new ArrayList<>();
      for (int i = 0; i < sequences.size(); i++) {
        params.add(SamplingParams.sampled(1, i, 40));
      }
      List<Generation> answers = engine.generate(sequences, params);
      List<TokenSequence> answered = new ArrayList<>();
      for (int i = 0; i < answers.size(); i++) {
        answered.add(TokenSequence.answer(sequences.get(i), answers.get(i).tokenIds()));
      }
      List<LogProbs> ofAnswers = LogProbs.of(model, answered, WORKERS);
      List<LogProbs> ofPrompts =
          LogProbs.of(model, sequences.stream().map(TokenSequence::document).toList(), WORKERS);
      float[][] scored = engine.logProbs(sequences);
      for (int i = 0; i < answers.size(); i++) {
        assertThat(answers.get(i).logProbs())
            .containsExactly(ofAnswers.get(i).logProbs(), within(1e-4f));
        assertThat(scored[i]).containsExactly(ofPrompts.get(i).logProbs(), within(1e-4f));
      }
    }
  }

  private void save(TransformerModel model) {
    model.config().write(folder);
    ModelWeights.save(model, folder.resolve(Checkpoint.WEIGHTS));
  }

  private static List<int[]> sequences() {
    List<int[]> sequences = new ArrayList<>();
    for (int length : new int[] {1, 2, 17, 40, 200}) {
      sequences.add(TestModel.tokens(CONFIG, length, length));
    }
    return sequences;
  }
}
