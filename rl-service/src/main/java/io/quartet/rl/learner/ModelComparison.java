package io.quartet.rl.learner;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.decoder.SequenceScorer;
import io.quartet.evaluation.GoldSummary;
import io.quartet.evaluation.Interval;
import io.quartet.evaluation.RewardedAnswer;
import io.quartet.evaluation.ScoredAnswer;
import io.quartet.evaluation.WinRate;
import io.quartet.rl.RewardClient;
import io.quartet.rl.learner.RolloutPrompts.RewardAddress;
import io.quartet.service.StageContext;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Base, SFT and RL side by side on the held-out words: gold score and reward before and after, KL,
 * and how often one beats the other.
 */
final class ModelComparison implements AutoCloseable {
  private static final int BATCH = 128;

  private final StageContext context;
  private final RewardAddress reward;
  private final RewardClient client;

  ModelComparison(StageContext context, RewardAddress reward) {
    this.context = context;
    this.reward = reward;
    this.client = new RewardClient(reward.endpoint());
  }

  /**
   * All figures.
   *
   * @param base the base model's few-shot answers
   * @param before the SFT model's answers
   * @param after the policy's
   */
  Map<String, Object> of(
      List<ScoredAnswer> base,
      List<ScoredAnswer> before,
      List<ScoredAnswer> after,
      Checkpoint sft,
      Checkpoint policy) {
    List<RewardedAnswer> rewardedBefore = rewarded(before);
    List<RewardedAnswer> rewardedAfter = rewarded(after);
    List<RewardedAnswer> rewardedBase = rewardedByWord(base, before);
    GoldSummary change = GoldSummary.change(before, after);
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("reward_before", mean(rewardedBefore).mean());
    figures.put("reward_after", mean(rewardedAfter).mean());
    Interval kl = kl(after, sft, policy);
    figures.put("kl", kl.mean());
    figures.put("kl_interval", List.of(kl.low(), kl.high()));
    figures.put("gold_before", GoldSummary.of(before).mean().mean());
    figures.put("gold_after", GoldSummary.of(after).mean().mean());
    figures.put("gold_interval", List.of(change.mean().low(), change.mean().high()));
    figures.put("gold_change", change.toMetrics());
    figures.put("gold", GoldSummary.of(after).toMetrics());
    figures.put(
        "win_rates",
        Map.of(
            "rl_vs_sft", rates(after, before, rewardedAfter, rewardedBefore),
            "rl_vs_base", rates(after, base, rewardedAfter, rewardedBase),
            "sft_vs_base", rates(before, base, rewardedBefore, rewardedBase)));
    return figures;
  }

  private static Map<String, Object> rates(
      List<ScoredAnswer> ours,
      List<ScoredAnswer> theirs,
      List<RewardedAnswer> ourRewards,
      List<RewardedAnswer> theirRewards) {
    return Map.of(
        "gold", WinRate.byGold(ours, theirs).toMetrics(),
        "reward", WinRate.byReward(ourRewards, theirRewards).toMetrics());
  }

  private static Interval mean(List<RewardedAnswer> answers) {
    return Interval.clustered(
        answers, rewarded -> rewarded.answer().word(), RewardedAnswer::reward);
  }

  private List<RewardedAnswer> rewarded(List<ScoredAnswer> answers) {
    return RewardedAnswer.of(answers, score(answers.stream().map(ScoredAnswer::sequence).toList()));
  }

  /**
   * The base model answered a plain-text prompt; the reward model reads its answer as one to the
   * question in the chat format, which the SFT model's prompt has.
   */
  private List<RewardedAnswer> rewardedByWord(List<ScoredAnswer> base, List<ScoredAnswer> chat) {
    Map<String, int[]> prompts = new LinkedHashMap<>();
    chat.forEach(answer -> prompts.put(answer.word(), answer.promptIds()));
    List<int[]> sequences = new ArrayList<>();
    for (ScoredAnswer answer : base) {
      int[] prompt = prompts.getOrDefault(answer.word(), answer.promptIds());
      sequences.add(
          new ScoredAnswer(
                  answer.word(),
                  answer.question(),
                  prompt,
                  answer.answerIds(),
                  answer.answer(),
                  answer.ended(),
                  answer.score())
              .sequence());
    }
    return RewardedAnswer.of(base, score(sequences));
  }

  private float[] score(List<int[]> sequences) {
    float[] rewards = new float[sequences.size()];
    for (int from = 0; from < rewards.length; from += BATCH) {
      int to = Math.min(rewards.length, from + BATCH);
      float[] part = client.score(reward.id(), reward.digest(), sequences.subList(from, to));
      System.arraycopy(part, 0, rewards, from, part.length);
      context.progress(
          context.recipe().rl().updates(), context.recipe().rl().updates(), "evaluating", Map.of());
    }
    return rewards;
  }

  /** KL of an answer to the SFT model, in nats, estimated on the policy's own answers. */
  private Interval kl(List<ScoredAnswer> answers, Checkpoint sft, Checkpoint policy) {
    List<int[]> sequences = answers.stream().map(ScoredAnswer::sequence).toList();
    float[][] ours = logProbs(policy, sequences);
    float[][] theirs = logProbs(sft, sequences);
    Map<ScoredAnswer, Double> divergences = new java.util.IdentityHashMap<>();
    for (int i = 0; i < answers.size(); i++) {
      double sum = 0;
      for (int t = answers.get(i).promptIds().length - 1; t < ours[i].length; t++) {
        sum += ours[i][t] - theirs[i][t];
      }
      divergences.put(answers.get(i), sum);
    }
    return Interval.clustered(
        answers, ScoredAnswer::word, answer -> divergences.getOrDefault(answer, 0.0));
  }

  private float[][] logProbs(Checkpoint model, List<int[]> sequences) {
    try (var scorer = SequenceScorer.open(model, context.recipe().threads())) {
      return scorer.logProbs(sequences);
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
