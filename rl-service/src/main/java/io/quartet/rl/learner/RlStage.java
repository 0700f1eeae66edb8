package io.quartet.rl.learner;

import io.quarkus.arc.lookup.LookupIfProperty;
import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.model.TorchRuntime;
import io.quartet.model.Workers;
import io.quartet.recipe.Recipe;
import io.quartet.recipe.RewardSource;
import io.quartet.recipe.RlSection;
import io.quartet.service.CheckpointExchange;
import io.quartet.service.Events;
import io.quartet.service.StageContext;
import io.quartet.service.TrainingStage;
import io.quartet.v1.RolloutRequest;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * Reinforcement learning against the fixed reward model. Each update asks the rollout workers for
 * answers of the current policy, learns from them, and announces the next policy; both the reward
 * model's digest and the policy's are pinned in every request.
 */
@ApplicationScoped
@LookupIfProperty(name = "quartet.rl.role", stringValue = "learner", lookupIfMissing = true)
public class RlStage implements TrainingStage {
  private static final Logger LOG = Logger.getLogger(RlStage.class);
  private static final String UPDATE = "update";
  private static final String OFFSET = "next_offset";
  private static final String FIGURE = "figure.";

  private final CheckpointExchange exchange;
  private final Events events;

  RlStage(CheckpointExchange exchange, Events events) {
    this.exchange = exchange;
    this.events = events;
  }

  @Override
  public Stage stage() {
    return Stage.RL;
  }

  @Override
  public Set<Stage> needs() {
    return Set.of(Stage.BASE, Stage.SFT, Stage.REWARD);
  }

  @Override
  public Checkpoint train(StageContext context) throws InterruptedException {
    long started = System.nanoTime();
    Recipe recipe = context.recipe();
    Checkpoint sft = context.input(Stage.SFT);
    if (recipe.rl().gate() && recipe.rl().reward() == RewardSource.MODEL) {
      Gate.check(context.input(Stage.REWARD), recipe.reward().bestOf());
    }
    context.progress(0, recipe.rl().updates(), "loading", Map.of());
    try (Tokenizer tokenizer = sft.tokenizer()) {
      var prompts =
          RolloutPrompts.of(recipe, new ChatTemplate(tokenizer), sft.config().contextLength());
      prompts.summary().lines().forEach(LOG::info);
      Map<String, Long> memory =
          context.plan(LearnerMemory.of(recipe, sft.config(), prompts.longest()));
      try (Workers workers = TorchRuntime.configure(recipe.threads());
          var outcome = new RlOutcome(context, tokenizer, memory)) {
        return learn(context, new PolicyLearner(recipe, sft, workers), prompts, outcome, started);
      }
    }
  }

  private Checkpoint learn(
      StageContext context,
      PolicyLearner learner,
      RolloutPrompts prompts,
      RlOutcome outcome,
      long started)
      throws InterruptedException {
    Recipe recipe = context.recipe();
    var versions = new PolicyVersions(exchange, events, context.input(Stage.SFT), context.run());
    Map<String, String> cursor = learner.restore(context.scratch()).orElse(Map.of());
    outcome.remember(figures(cursor));
    long update = Long.parseLong(cursor.getOrDefault(UPDATE, "0"));
    Checkpoint policy;
    try (var inbox =
        new RolloutInbox(events, context.run(), Long.parseLong(cursor.getOrDefault(OFFSET, "0")))) {
      policy = update == 0 ? versions.initial() : versions.publish(update, learner);
      for (; update < recipe.rl().updates(); update++) {
        policy = update(context, learner, versions, prompts, inbox, outcome, policy, update);
      }
    }
    return outcome.publish(learner, versions, policy, prompts.summary(), started);
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

  /** One round of rollouts and learning; returns the next policy. */
  private Checkpoint update(
      StageContext context,
      PolicyLearner learner,
      PolicyVersions versions,
      RolloutPrompts prompts,
      RolloutInbox inbox,
      RlOutcome outcome,
      Checkpoint policy,
      long update)
      throws InterruptedException {
    RlSection rl = context.recipe().rl();
    List<RolloutRequest> requests =
        prompts.requests(context, policy, exchange.endpoint(), outcome.reward(), update);
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
    long done = update + 1;
    if (done % rl.snapshotEvery() == 0 || done == rl.updates() || context.stopping()) {
      Map<String, String> cursor = new HashMap<>();
      cursor.put(UPDATE, Long.toString(done));
      cursor.put(OFFSET, Long.toString(inbox.nextOffset()));
      figures.forEach((name, value) -> cursor.put(FIGURE + name, Double.toString(value)));
      learner.snapshot(context.scratch(), cursor);
    }
    Checkpoint next = versions.publish(done, learner);
    if (done % rl.evaluateEvery() == 0 && done < rl.updates()) {
      figures.putAll(outcome.look(next));
    }
    outcome.remember(figures);
    context.progress(done, rl.updates(), "learning", figures);
    return next;
  }
}
