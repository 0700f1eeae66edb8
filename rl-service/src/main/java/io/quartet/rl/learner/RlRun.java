package io.quartet.rl.learner;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.recipe.Publish;
import io.quartet.recipe.RewardSource;
import io.quartet.recipe.RlSection;
import io.quartet.service.StageContext;
import io.quartet.v1.RolloutRequest;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A run's updates from its last snapshot to the last one, and the policy that comes of them. */
final class RlRun {
  private static final String UPDATE = "update";
  private static final String OFFSET = "next_offset";
  private static final String FIGURE = "figure.";

  private final StageContext context;
  private final RlSection rl;
  private final PolicyLearner learner;
  private final PolicyVersions versions;
  private final RolloutPrompts prompts;
  private final RlOutcome outcome;
  private final BestPolicy best;
  private final long nextOffset;
  private long update;
  private Checkpoint policy;

  /** Goes on from the snapshot in the stage's scratch folder, if there is one. */
  RlRun(
      StageContext context,
      PolicyLearner learner,
      PolicyVersions versions,
      RolloutPrompts prompts,
      RlOutcome outcome) {
    this.context = context;
    this.rl = context.recipe().rl();
    this.learner = learner;
    this.versions = versions;
    this.prompts = prompts;
    this.outcome = outcome;
    Map<String, String> cursor = learner.restore(context.scratch()).orElse(Map.of());
    this.best = new BestPolicy(cursor);
    this.update = Long.parseLong(cursor.getOrDefault(UPDATE, "0"));
    this.nextOffset = Long.parseLong(cursor.getOrDefault(OFFSET, "0"));
    this.policy = update == 0 ? versions.initial() : versions.publish(update, learner, best.kept());
    Map<String, Double> figures = figures(cursor);
    // A snapshot is from before its update's look, which is taken again when one is resumed.
    figures.putAll(look());
    outcome.remember(figures);
  }

  private static Map<String, Double> figures(Map<String, String> cursor) {
    Map<String, Double> figures = new HashMap<>();
    cursor.forEach(
        (key, value) -> {
          if (key.startsWith(FIGURE)) {
            figures.put(key.substring(FIGURE.length()), Double.valueOf(value));
          }
        });
    return figures;
  }

  /** The first record of {@code quartet.rollouts} that no update has been taken from. */
  long nextOffset() {
    return nextOffset;
  }

  /** Takes the updates that are left and returns the policy to publish. */
  Checkpoint finish(RolloutInbox inbox) throws InterruptedException {
    while (update < rl.updates()) {
      next(inbox);
    }
    return rl.publish() == Publish.BEST ? versions.get(best.version().orElseThrow()) : policy;
  }

  /** One round of rollouts and learning. */
  private void next(RolloutInbox inbox) throws InterruptedException {
    List<RolloutRequest> requests =
        prompts.requests(context, policy, versions.endpoint(), outcome.reward(), update);
    long asked = System.nanoTime();
    Map<String, Double> shown = new HashMap<>(outcome.latest());
    Answers answers =
        Answers.of(
            inbox.ask(
                requests,
                (answered, of) -> context.progress(update, rl.updates(), "rollouts", shown)));
    double rolloutSeconds = (System.nanoTime() - asked) / 1e9;
    if (rl.reward() == RewardSource.GOLD) {
      outcome.rewardByGold(answers);
    }
    Map<String, Double> figures = learner.update(answers, update);
    double seconds = (System.nanoTime() - asked) / 1e9;
    figures.put("rollout_seconds", rolloutSeconds);
    figures.put("tokens_per_second", answers.meanLength() * answers.size() / seconds);
    update++;
    if (update % rl.snapshotEvery() == 0 || update == rl.updates() || context.stopping()) {
      snapshot(figures, inbox.nextOffset());
    }
    policy = versions.publish(update, learner, best.kept());
    figures.putAll(look());
    outcome.remember(figures);
    context.progress(update, rl.updates(), "learning", figures);
  }

  private void snapshot(Map<String, Double> figures, long offset) {
    Map<String, String> cursor = new HashMap<>(best.cursor());
    cursor.put(UPDATE, Long.toString(update));
    cursor.put(OFFSET, Long.toString(offset));
    figures.forEach((name, value) -> cursor.put(FIGURE + name, Double.toString(value)));
    learner.snapshot(context.scratch(), cursor);
  }

  private Map<String, Double> look() {
    boolean last = update == rl.updates();
    if (update == 0 || (update % rl.evaluateEvery() != 0 && !last)) {
      return Map.of();
    }
    // After the last update all is measured anyway.
    Map<String, Double> figures = new HashMap<>(last ? Map.of() : outcome.look(policy));
    if (rl.publish() == Publish.BEST) {
      double objective =
          learner.objective(outcome.rewarded(policy, prompts.some(RlOutcome.LOOK_PROMPTS)));
      best.looked(update, objective);
      figures.put("objective", objective);
    }
    return figures;
  }
}
