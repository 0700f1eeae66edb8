package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.DataType;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@org.junit.jupiter.api.Timeout(60)
class SequenceScorerTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;

  @TempDir Path folder;

  @Test
  void logProbabilitiesOfGroupedQueriesAreTheReferences() {
    assertLogProbsAreTheReferences(TestModel.write(folder, CONFIG, 1));
  }

  @Test
  void logProbabilitiesOfAnUntiedHeadAreTheReferences() {
    assertLogProbsAreTheReferences(
        TestModel.write(folder, TestModel.untied(CONFIG, CONFIG.heads()), 2));
  }

  @Test
  void bfloat16WeightsAreConverted() {
    assertLogProbsAreTheReferences(TestModel.write(folder, CONFIG, 3, DataType.BF16));
  }

  @Test
  void rewardsAreTheReferencesAndDoNotDependOnTheBatch() {
    ModelConfig config = CONFIG.withArchitecture(Architecture.SEQUENCE_CLASSIFICATION);
    TestModel.write(folder, config, 4);
    var reference = new ReferenceModel(folder);
    List<int[]> sequences = sequences(1, 300, 7, 7, 31, 2, 64);
    try (var scorer = SequenceScorer.open(folder, 2)) {
      float[] together = scorer.rewards(sequences);
      for (int i = 0; i < sequences.size(); i++) {
        assertThat(together[i])
            .isCloseTo((float) reference.reward(sequences.get(i)), within(2e-5f))
            .isCloseTo(scorer.rewards(List.of(sequences.get(i)))[0], within(2e-6f));
      }
    }
  }

  @Test
  void manySequencesAreScoredInBoundedBatches() {
    TestModel.write(folder, CONFIG, 5);
    List<int[]> sequences = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      sequences.add(TestModel.tokens(CONFIG, 1 + i * 37 % 120, i));
    }
    try (var scorer = SequenceScorer.open(folder, 2)) {
      float[][] together = scorer.logProbs(sequences);
      for (int i = 0; i < sequences.size(); i += 9) {
        float[] alone = scorer.logProbs(List.of(sequences.get(i)))[0];
        assertThat(together[i]).hasSize(sequences.get(i).length - 1);
        assertThat(together[i]).containsExactly(alone, within(2e-5f));
      }
    }
  }

  @Test
  void modelWithTheOtherHeadIsRefused() {
    TestModel.write(folder, CONFIG, 6);
    try (var scorer = SequenceScorer.open(folder, 1)) {
      assertThatThrownBy(() -> scorer.rewards(sequences(3)))
          .isInstanceOf(QuartetException.class)
          .hasMessageContaining("architecture CAUSAL_LM, expected SEQUENCE_CLASSIFICATION");
    }
  }

  @Test
  void sequencePastTheContextIsRefusedWithBothNumbers() {
    TestModel.write(folder, CONFIG, 7);
    try (var scorer = SequenceScorer.open(folder, 1)) {
      assertThatThrownBy(() -> scorer.logProbs(sequences(321)))
          .isInstanceOf(QuartetException.class)
          .hasMessageContaining("321")
          .hasMessageContaining("320");
    }
  }

  private static void assertLogProbsAreTheReferences(Path directory) {
    var reference = new ReferenceModel(directory);
    List<int[]> sequences = sequences(20, 3, 150, 1);
    try (var scorer = SequenceScorer.open(directory, 2)) {
      float[][] logProbs = scorer.logProbs(sequences);
      for (int i = 0; i < sequences.size(); i++) {
        int[] tokens = sequences.get(i);
        double[][] expected = reference.logProbabilities(tokens);
        assertThat(logProbs[i]).hasSize(tokens.length - 1);
        for (int t = 1; t < tokens.length; t++) {
          assertThat((double) logProbs[i][t - 1])
              .isCloseTo(expected[t - 1][tokens[t]], within(1e-4));
        }
      }
    }
  }

  private static List<int[]> sequences(int... lengths) {
    List<int[]> sequences = new ArrayList<>();
    for (int length : lengths) {
      sequences.add(TestModel.tokens(CONFIG, length, 100 + length));
    }
    return sequences;
  }
}
