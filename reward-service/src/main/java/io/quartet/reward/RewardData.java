package io.quartet.reward;

import io.quartet.datasets.DataSummary;
import io.quartet.decoder.SequenceScorer;
import io.quartet.evaluation.PairAccuracy;
import java.util.List;
import java.util.Map;

/** What a reward model learns from, stops by, and is measured on. */
interface RewardData {
  /** Where the batches come from. */
  ComparisonSource training();

  /** Ranked sets that are never trained on. */
  List<RatedAnswers> heldOut();

  /** What was found in the user's files. */
  default DataSummary summary() {
    return DataSummary.none("comparisons");
  }

  /**
   * Figures of a trained model for its training record, the scale of its rewards among them.
   *
   * @param scorer the model
   */
  Map<String, Object> measure(SequenceScorer scorer);

  /** The accuracy on held-out pairs, under the names that the report reads. */
  static Map<String, Object> figures(PairAccuracy accuracy) {
    return Map.of(
        "pairs", accuracy.pairs(),
        "accuracy", accuracy.accuracy().mean(),
        "accuracy_interval", List.of(accuracy.accuracy().low(), accuracy.accuracy().high()),
        "length_heuristic", accuracy.lengthHeuristic().mean());
  }
}
