package io.quartet.rl.learner;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.datasets.DataSummary;
import io.quartet.recipe.Recipe;
import io.quartet.recipe.RlSection;
import io.quartet.service.StageContext;
import io.quartet.v1.RolloutPrompt;
import io.quartet.v1.RolloutRequest;
import io.quartet.v1.SamplingParameters;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** What the policy is asked: questions about A and B words, and a user's own prompts. */
final class RolloutPrompts {
  private final PromptTokens prompts;
  private final Recipe recipe;

  RolloutPrompts(PromptTokens prompts, Recipe recipe) {
    this.prompts = prompts;
    this.recipe = recipe;
  }

  /** What was found in the user's files. */
  DataSummary summary() {
    return prompts.summary();
  }

  /** At most so many, evenly spread over all; the same ones at every call. */
  List<PromptTokens.Encoded> some(int most) {
    int count = Math.min(most, prompts.size());
    return IntStream.range(0, count)
        .mapToObj(i -> prompts.get((int) ((long) i * prompts.size() / count)))
        .toList();
  }

  /**
   * The requests of one update; the same for the same seed and update, ids included, so that a
   * repeated update finds what was already answered.
   *
   * @param endpoint host:port of the learner's CheckpointService
   * @param reward where the reward model is; empty for none
   */
  List<RolloutRequest> requests(
      StageContext context,
      Checkpoint policy,
      String endpoint,
      Optional<RewardAddress> reward,
      long update) {
    RlSection rl = recipe.rl();
    var random = new SplittableRandom(recipe.seed() * 0xD1342543DE82EF95L + update);
    List<RolloutRequest> requests = new ArrayList<>();
    for (int from = 0; from < rl.prompts(); from += rl.promptsPerRequest()) {
      int count = Math.min(rl.promptsPerRequest(), rl.prompts() - from);
      var request =
          RolloutRequest.newBuilder()
              .setRequestId("%s/%d/%d".formatted(context.run(), update, requests.size()))
              .setRun(context.run())
              .setPolicyVersion(update)
              .setPolicyId(policy.id().toString())
              .setPolicyDigest(policy.digest())
              .setPolicyEndpoint(endpoint)
              .setSamplesPerPrompt(rl.samplesPerPrompt())
              .setSampling(
                  SamplingParameters.newBuilder()
                      .setTemperature((float) rl.temperature())
                      .setMaxTokens(rl.maxTokens())
                      .setSeed(random.nextLong()));
      reward.ifPresent(
          address ->
              request
                  .setRewardId(address.id())
                  .setRewardDigest(address.digest())
                  .setRewardEndpoint(address.endpoint()));
      for (int i = 0; i < count; i++) {
        PromptTokens.Encoded prompt = prompts.get(random.nextInt(prompts.size()));
        var asked = RolloutPrompt.newBuilder().setPromptId(prompt.id());
        for (int token : prompt.tokens()) {
          asked.addTokenIds(token);
        }
        request.addPrompts(asked);
      }
      requests.add(request.build());
    }
    return requests;
  }

  /**
   * The reward model of a run.
   *
   * @param id its checkpoint
   * @param digest what its digest has to be
   * @param endpoint host:port of the RewardService that has it
   */
  record RewardAddress(String id, String digest, String endpoint) {}
}
