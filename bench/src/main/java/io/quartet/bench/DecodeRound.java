package io.quartet.bench;

import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * What one side reached in one round, in tokens per second.
 *
 * @param alone one answer grows
 * @param together {@link #SEQUENCES} answers grow, counted all
 * @param prefill prompts of {@link #PREFILL} tokens are read, one after the other
 */
record DecodeRound(double alone, double together, double prefill) {
  /** Answers that grow at the same time. */
  static final int SEQUENCES = 16;

  /** Tokens that every answer goes on from; the answers' prompts are the same. */
  static final int PROMPT = 128;

  /** Tokens of a prompt that is only read. */
  static final int PREFILL = 512;

  /** How many such prompts. */
  static final int PREFILLS = 4;

  /** The median over rounds. */
  static double median(List<DecodeRound> rounds, ToDoubleFunction<DecodeRound> figure) {
    return Side.median(rounds.stream().mapToDouble(figure).toArray());
  }

  /** The median over rounds of the ratio of two sides. */
  static double ratio(
      List<DecodeRound> ours, List<DecodeRound> peers, ToDoubleFunction<DecodeRound> figure) {
    double[] ratios = new double[ours.size()];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = figure.applyAsDouble(ours.get(i)) / figure.applyAsDouble(peers.get(i));
    }
    return Side.median(ratios);
  }
}
