package io.quartet.reward;

import io.quartet.decoder.SequenceScorer;
import java.util.List;
import java.util.Map;

/** What a reward model learns from, stops by, and is measured on. */
interface RewardData {
  /** Where the batches come from. */
  ComparisonSource training();

  /** Ranked sets that are never trained on. */
  List<RatedAnswers> heldOut();

  /**
   * Figures of a trained model for its training record, the scale of its rewards among them.
   *
   * @param scorer the model
   */
  Map<String, Object> measure(SequenceScorer scorer);
}
