package io.quartet.rl.learner;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.datasets.DataSummary;
import io.quartet.datasets.DatasetReader;
import io.quartet.datasets.LessonSettings;
import io.quartet.datasets.Prompt;
import io.quartet.datasets.Reading;
import io.quartet.datasets.Split;
import io.quartet.datasets.WordNetLessons;
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
  private final List<Encoded> prompts;
  private final Recipe recipe;
  private final DataSummary summary;

  /**
   * A prompt as the model reads it.
   *
   * @param id the prompt's own id, or its place in the file
   */
  record Encoded(String id, int[] tokens) {}

  private RolloutPrompts(List<Encoded> prompts, Recipe recipe, DataSummary summary) {
    this.prompts = prompts;
    this.recipe = recipe;
    this.summary = summary;
  }

  /**
   * All prompts of a recipe.
   *
   * @param modelContext the most tokens that the model reads
   * @throws QuartetException INVALID_ARGUMENT if one leaves no room for an answer
   */
  static RolloutPrompts of(Recipe recipe, ChatTemplate template, int modelContext) {
    int room = modelContext - recipe.rl().maxTokens();
    List<Encoded> prompts = new ArrayList<>();
    recipe
        .data()
        .lessons()
        .map(lessons -> new WordNetLessons(LessonSettings.of(lessons, recipe.seed())))
        .ifPresent(
            lessons -> {
              for (Prompt prompt : lessons.prompts(Split.A, Split.B)) {
                var encoded = new Encoded(prompt.id(), template.prompt(prompt.conversation()));
                tooLong(encoded, room, recipe, modelContext)
                    .ifPresent(
                        reason -> {
                          throw new QuartetException(
                              ErrorCode.INVALID_ARGUMENT,
                              "prompt '%s': %s".formatted(prompt.id(), reason));
                        });
                prompts.add(encoded);
              }
            });
    try (Reading<Prompt> own = DatasetReader.prompts(recipe.data())) {
      while (own.hasNext()) {
        Prompt prompt = own.next();
        String id = prompt.id().isEmpty() ? own.place() : prompt.id();
        var encoded = new Encoded(id, template.prompt(prompt.conversation()));
        Optional<String> reason = tooLong(encoded, room, recipe, modelContext);
        reason.ifPresent(own::reject);
        if (reason.isEmpty()) {
          prompts.add(encoded);
        }
      }
      return new RolloutPrompts(prompts, recipe, own.summary());
    }
  }

  private static Optional<String> tooLong(
      Encoded prompt, int room, Recipe recipe, int modelContext) {
    return prompt.tokens().length <= room
        ? Optional.empty()
        : Optional.of(
            "%d tokens, expected at most %d so that %d fit into the context of %d"
                .formatted(prompt.tokens().length, room, recipe.rl().maxTokens(), modelContext));
  }

  /** What was found in the user's files. */
  DataSummary summary() {
    return summary;
  }

  /** At most so many, evenly spread over all; the same ones at every call. */
  List<Encoded> some(int most) {
    int count = Math.min(most, prompts.size());
    return IntStream.range(0, count)
        .mapToObj(i -> prompts.get((int) ((long) i * prompts.size() / count)))
        .toList();
  }

  /** Tokens of the longest. */
  int longest() {
    return prompts.stream().mapToInt(prompt -> prompt.tokens().length).max().orElse(0);
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
        Encoded prompt = prompts.get(random.nextInt(prompts.size()));
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
