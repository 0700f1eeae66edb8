package io.quartet.rl.rollout;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.Generation;
import io.quartet.decoder.SamplingParams;
import io.quartet.rl.RewardClient;
import io.quartet.v1.FinishReason;
import io.quartet.v1.Rollout;
import io.quartet.v1.RolloutBatch;
import io.quartet.v1.RolloutPrompt;
import io.quartet.v1.RolloutRequest;
import io.quartet.v1.SamplingParameters;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Turns one request into one batch: sample every prompt {@code samples_per_prompt} times, then have
 * the whole sequences scored. The same request with the same policy gives the same answers on any
 * worker, so that one which is delivered twice does no harm.
 */
final class RolloutSampler implements AutoCloseable {
  private final String worker;
  private final Policies policies;
  private @Nullable RewardClient reward;

  RolloutSampler(String worker, Policies policies) {
    this.worker = worker;
    this.policies = policies;
  }

  /**
   * Samples and scores.
   *
   * @throws QuartetException INVALID_ARGUMENT for a malformed request, else what fetching the
   *     policy or scoring throws
   */
  RolloutBatch sample(RolloutRequest request) throws InterruptedException {
    long started = System.nanoTime();
    List<int[]> prompts = new ArrayList<>();
    List<SamplingParams> sampling = new ArrayList<>();
    List<RolloutPrompt> asked = new ArrayList<>();
    for (RolloutPrompt prompt : request.getPromptsList()) {
      int[] tokens = tokens(prompt.getTokenIdsList());
      for (int i = 0; i < request.getSamplesPerPrompt(); i++) {
        sampling.add(sampling(request.getSampling(), prompts.size()));
        prompts.add(tokens);
        asked.add(prompt);
      }
    }
    if (prompts.isEmpty()) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "rollout request '%s': %d prompts of %d samples, expected at least one answer"
              .formatted(
                  request.getRequestId(),
                  request.getPromptsCount(),
                  request.getSamplesPerPrompt()));
    }
    DecoderEngine engine =
        policies.engine(
            request.getPolicyId(), request.getPolicyDigest(), request.getPolicyEndpoint());
    List<Generation> answers = engine.generate(prompts, sampling);
    float[] rewards = rewards(request, prompts, answers);
    RolloutBatch.Builder batch = batch(request);
    for (int i = 0; i < answers.size(); i++) {
      batch.addRollouts(rollout(asked.get(i), answers.get(i), rewards[i]));
    }
    return batch.setSeconds((System.nanoTime() - started) / 1e9).build();
  }

  /** The answer to a request that cannot be answered by any worker. */
  RolloutBatch failed(RolloutRequest request, QuartetException why) {
    return batch(request).setFailure(why.getMessage()).build();
  }

  private RolloutBatch.Builder batch(RolloutRequest request) {
    return RolloutBatch.newBuilder()
        .setRequestId(request.getRequestId())
        .setRun(request.getRun())
        .setWorker(worker)
        .setPolicyVersion(request.getPolicyVersion())
        .setPolicyId(request.getPolicyId())
        .setPolicyDigest(request.getPolicyDigest())
        .setRewardId(request.getRewardId())
        .setRewardDigest(request.getRewardDigest())
        .setLearner(request.getLearner());
  }

  private float[] rewards(RolloutRequest request, List<int[]> prompts, List<Generation> answers) {
    if (request.getRewardEndpoint().isEmpty()) {
      return new float[answers.size()];
    }
    if (reward == null || !reward.endpoint().equals(request.getRewardEndpoint())) {
      close();
      reward = new RewardClient(request.getRewardEndpoint());
    }
    List<int[]> sequences = new ArrayList<>(answers.size());
    for (int i = 0; i < answers.size(); i++) {
      sequences.add(concatenation(prompts.get(i), answers.get(i).tokenIds()));
    }
    return reward.score(request.getRewardId(), request.getRewardDigest(), sequences);
  }

  private static Rollout rollout(RolloutPrompt prompt, Generation answer, float reward) {
    var rollout =
        Rollout.newBuilder()
            .setPromptId(prompt.getPromptId())
            .addAllPromptTokenIds(prompt.getTokenIdsList())
            .setReward(reward)
            .setFinishReason(
                switch (answer.finishReason()) {
                  case STOP -> FinishReason.FINISH_REASON_STOP;
                  case LENGTH -> FinishReason.FINISH_REASON_LENGTH;
                  case TIME_LIMIT -> FinishReason.FINISH_REASON_TIME_LIMIT;
                  case CANCELLED -> FinishReason.FINISH_REASON_CANCELLED;
                });
    for (int token : answer.tokenIds()) {
      rollout.addResponseTokenIds(token);
    }
    for (float logProb : answer.logProbs()) {
      rollout.addLogProbs(logProb);
    }
    return rollout.build();
  }

  /** The request's knobs, with a seed of its own for every answer. */
  private static SamplingParams sampling(SamplingParameters asked, int index) {
    return SamplingParams.builder()
        .temperature(asked.hasTemperature() ? asked.getTemperature() : 1.0)
        .topK(asked.getTopK())
        .topP(asked.hasTopP() ? asked.getTopP() : 1.0)
        .seed(asked.getSeed() * 1_000_003L + index)
        .maxTokens(asked.getMaxTokens())
        .stop(asked.getStopList())
        .build();
  }

  private static int[] tokens(List<Integer> ids) {
    return ids.stream().mapToInt(Integer::intValue).toArray();
  }

  private static int[] concatenation(int[] prompt, int[] answer) {
    int[] whole = Arrays.copyOf(prompt, prompt.length + answer.length);
    System.arraycopy(answer, 0, whole, prompt.length, answer.length);
    return whole;
  }

  @Override
  public void close() {
    if (reward != null) {
      reward.close();
      reward = null;
    }
  }
}
