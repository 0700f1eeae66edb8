package io.quartet.decoder;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The penalties and the bias of one answer, as changes of the few logits that they concern. The
 * weights of all other tokens stay as the graph computed them, so that a draw costs little more
 * than one without.
 *
 * <p>Repetition penalty: CTRL, arXiv:1909.05858. Presence and frequency penalty: OpenAI's, on the
 * generated tokens.
 */
final class LogitChanges {
  /** Weights have lost nothing to rounding while their largest is between this and its inverse. */
  private static final float SMALLEST = 1e-20f;

  private final SamplingParams params;
  private final Map<Integer, Integer> places = new HashMap<>();
  private int[] ids = new int[16];
  private int[] counts = new int[16];
  private boolean[] repeated = new boolean[16];
  private float[] biases = new float[16];

  private LogitChanges(SamplingParams params, int[] prompt) {
    this.params = params;
    // A place first: it may lengthen the array that is then written to.
    params
        .logitBias()
        .forEach(
            (token, bias) -> {
              int place = place(token);
              biases[place] = bias;
            });
    if (params.repetitionPenalty() != 1) {
      for (int token : prompt) {
        int place = place(token);
        repeated[place] = true;
      }
    }
  }

  /** The changes that the parameters ask for; null if they ask for none. */
  static @Nullable LogitChanges of(SamplingParams params, int[] prompt) {
    boolean none = !penalises(params) && params.logitBias().isEmpty();
    return none ? null : new LogitChanges(params, prompt);
  }

  /** Counts a token of the answer. */
  void count(int token) {
    if (penalises(params)) {
      int place = place(token);
      counts[place]++;
      repeated[place] = true;
    }
  }

  /**
   * Changes the weights of a draw.
   *
   * @param weights [V], softmax(logits / temperature)
   * @param logits [V]; changed too
   */
  void apply(float[] weights, float[] logits, double inverseTemperature) {
    for (int place = 0; place < places.size(); place++) {
      int id = ids[place];
      float changed = changed(logits[id], place);
      weights[id] *= (float) Math.exp((changed - logits[id]) * inverseTemperature);
      logits[id] = changed;
    }
    float largest = largest(weights);
    // As when one token had nearly all the weight, the others none that a float can hold, and that
    // one is forbidden. Also true of NaN, for which the weights then stay NaN.
    if (!(largest >= SMALLEST && largest <= 1 / SMALLEST)) {
      float most = largest(logits);
      for (int id = 0; id < weights.length; id++) {
        weights[id] = (float) Math.exp((logits[id] - most) * inverseTemperature);
      }
    }
  }

  private float changed(float logit, int place) {
    double changed = logit;
    if (repeated[place]) {
      double penalty = params.repetitionPenalty();
      changed = changed > 0 ? changed / penalty : changed * penalty;
    }
    if (counts[place] > 0) {
      changed -= params.presencePenalty() + counts[place] * params.frequencyPenalty();
    }
    return (float) (changed + biases[place]);
  }

  private int place(int token) {
    return places.computeIfAbsent(
        token,
        added -> {
          int place = places.size();
          if (place == ids.length) {
            ids = Arrays.copyOf(ids, 2 * place);
            counts = Arrays.copyOf(counts, 2 * place);
            repeated = Arrays.copyOf(repeated, 2 * place);
            biases = Arrays.copyOf(biases, 2 * place);
          }
          ids[place] = added;
          return place;
        });
  }

  private static float largest(float[] values) {
    float largest = Float.NEGATIVE_INFINITY;
    for (float value : values) {
      largest = Math.max(largest, value);
    }
    return largest;
  }

  private static boolean penalises(SamplingParams params) {
    return params.repetitionPenalty() != 1
        || params.presencePenalty() != 0
        || params.frequencyPenalty() != 0;
  }
}
