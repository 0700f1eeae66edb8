package io.quartet.rl.learner;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.FinishReason;
import io.quartet.decoder.Generation;
import io.quartet.v1.Rollout;
import io.quartet.v1.RolloutBatch;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * One round's answers, {@code samplesPerPrompt} in a row for each prompt. Index b counts answers,
 * index t the answer's tokens.
 *
 * @param promptIds prompt of each answer
 * @param prompts {@code [b]} prompt tokens
 * @param responses {@code [b][t]} answer tokens, the stop token among them if it ended
 * @param logProbs {@code [b][t]} behaviour log-probs
 * @param rewards {@code [b]} reward model's scores, before KL and penalties
 * @param ended {@code [b]} whether the answer ended by itself
 */
record Answers(
    List<String> promptIds,
    List<int[]> prompts,
    List<int[]> responses,
    List<float[]> logProbs,
    float[] rewards,
    boolean[] ended) {

  /**
   * Decodes the batches in their order.
   *
   * @throws QuartetException DATA_LOSS if an answer is empty or has another number of log-probs
   *     than of tokens
   */
  static Answers of(List<RolloutBatch> batches) {
    List<Rollout> rollouts = new ArrayList<>();
    batches.forEach(batch -> rollouts.addAll(batch.getRolloutsList()));
    var answers =
        new Answers(
            new ArrayList<>(),
            new ArrayList<>(),
            new ArrayList<>(),
            new ArrayList<>(),
            new float[rollouts.size()],
            new boolean[rollouts.size()]);
    for (Rollout rollout : rollouts) {
      answers.add(rollout);
    }
    return answers;
  }

  /** Answers to prompts, not rewarded yet. */
  static Answers of(List<String> promptIds, List<int[]> prompts, List<Generation> generated) {
    boolean[] ended = new boolean[generated.size()];
    for (int b = 0; b < ended.length; b++) {
      ended[b] = generated.get(b).finishReason() == FinishReason.STOP;
    }
    return new Answers(
        promptIds,
        prompts,
        generated.stream().map(Generation::tokenIds).toList(),
        generated.stream().map(Generation::logProbs).toList(),
        new float[ended.length],
        ended);
  }

  private void add(Rollout rollout) {
    int b = prompts.size();
    if (rollout.getResponseTokenIdsCount() == 0
        || rollout.getResponseTokenIdsCount() != rollout.getLogProbsCount()) {
      throw new QuartetException(
          ErrorCode.DATA_LOSS,
          "rollout of prompt '%s': %d tokens with %d log-probs, expected one for each of at least one"
              .formatted(
                  rollout.getPromptId(),
                  rollout.getResponseTokenIdsCount(),
                  rollout.getLogProbsCount()));
    }
    promptIds.add(rollout.getPromptId());
    prompts.add(tokens(rollout.getPromptTokenIdsList()));
    responses.add(tokens(rollout.getResponseTokenIdsList()));
    float[] logProb = new float[rollout.getLogProbsCount()];
    for (int t = 0; t < logProb.length; t++) {
      logProb[t] = rollout.getLogProbs(t);
    }
    logProbs.add(logProb);
    rewards[b] = rollout.getReward();
    ended[b] = rollout.getFinishReason() == io.quartet.v1.FinishReason.FINISH_REASON_STOP;
  }

  /** Number of answers. */
  int size() {
    return prompts.size();
  }

  /** {@code [b]} prompt and answer as one. */
  List<int[]> sequences() {
    List<int[]> sequences = new ArrayList<>();
    for (int b = 0; b < size(); b++) {
      sequences.add(
          IntStream.concat(Arrays.stream(prompts.get(b)), Arrays.stream(responses.get(b)))
              .toArray());
    }
    return sequences;
  }

  /** Mean length in tokens. */
  double meanLength() {
    return responses.stream().mapToInt(response -> response.length).average().orElse(0);
  }

  /** Share that ended by themselves, 0 to 1. */
  double endedShare() {
    int count = 0;
    for (boolean end : ended) {
      count += end ? 1 : 0;
    }
    return (double) count / Math.max(1, ended.length);
  }

  private static int[] tokens(List<Integer> ids) {
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }
}
