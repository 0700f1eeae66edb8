package io.quartet.rl.learner;

import io.quartet.model.AdvantageEstimator;
import io.quartet.model.AdvantageEstimator.Advantages;
import io.quartet.model.KlEstimator;
import io.quartet.recipe.RlSection;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What answers earn: the reward model's score at their end, less the price of their KL to the SFT
 * policy, and what each token's share of it is.
 *
 * <p>Log-probs, references and values are those of an answer's tokens, [answers][tokens].
 */
record Earnings(RlSection recipe) {
  /** Normalised rewards beyond this say more about the reward model than about the answer. */
  private static final double LARGEST_REWARD = 3;

  /**
   * What is maximised, estimated on answers of the current policy: the mean of what an answer earns
   * minus the price of its KL.
   */
  double objective(Answers answers, List<float[]> logProbs, List<float[]> references) {
    double earned = 0;
    for (int b = 0; b < answers.size(); b++) {
      earned += earned(answers, b);
    }
    return earned / Math.max(1, answers.size()) - recipe.klCoefficient() * kl(logProbs, references);
  }

  /** What an answer earns at its end: the clamped reward, or the penalty if it does not end. */
  private double earned(Answers answers, int b) {
    double reward = Math.max(-LARGEST_REWARD, Math.min(LARGEST_REWARD, answers.rewards()[b]));
    return answers.ended()[b] ? reward : -recipe.missingEndPenalty();
  }

  /** Advantages and returns by GAE, the price of KL taken from each token. */
  List<Advantages> generalised(
      Answers answers, List<float[]> logProbs, List<float[]> references, List<float[]> values) {
    List<Advantages> judged = new ArrayList<>();
    for (int b = 0; b < answers.size(); b++) {
      float[] rewards =
          AdvantageEstimator.tokenRewards(
              earned(answers, b), logProbs.get(b), references.get(b), recipe.klCoefficient());
      judged.add(AdvantageEstimator.gae(rewards, values.get(b), recipe.gamma(), recipe.lambda()));
    }
    return judged;
  }

  /** The same advantage for all tokens: over the mean of the other answers to the prompt. */
  List<Advantages> leaveOneOut(Answers answers, List<float[]> logProbs, List<float[]> references) {
    int group = recipe.samplesPerPrompt();
    List<Advantages> judged = new ArrayList<>();
    for (int from = 0; from < answers.size(); from += group) {
      double[] rewards = new double[group];
      for (int i = 0; i < group; i++) {
        double kl = KlEstimator.K1.sum(logProbs.get(from + i), references.get(from + i));
        rewards[i] = earned(answers, from + i) - recipe.klCoefficient() * kl;
      }
      double[] advantages = AdvantageEstimator.leaveOneOut(rewards);
      for (int i = 0; i < group; i++) {
        float[] row = new float[logProbs.get(from + i).length];
        Arrays.fill(row, (float) advantages[i]);
        judged.add(new Advantages(row, new float[row.length]));
      }
    }
    return judged;
  }

  /** Mean KL of an answer to the reference, in nats. */
  static double kl(List<float[]> logProbs, List<float[]> references) {
    double sum = 0;
    for (int b = 0; b < logProbs.size(); b++) {
      sum += KlEstimator.K1.sum(logProbs.get(b), references.get(b));
    }
    return sum / Math.max(1, logProbs.size());
  }
}
