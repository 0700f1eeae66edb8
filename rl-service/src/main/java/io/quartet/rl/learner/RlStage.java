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
import io.quartet.service.CheckpointExchange;
import io.quartet.service.Events;
import io.quartet.service.StageContext;
import io.quartet.service.TrainingStage;
import jakarta.enterprise.context.ApplicationScoped;
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
          PromptTokens.write(
              context.scratch(),
              recipe,
              new ChatTemplate(tokenizer),
              sft.config().vocabularySize(),
              sft.config().contextLength());
      prompts.summary().lines().forEach(LOG::info);
      Map<String, Long> memory =
          context.plan(LearnerMemory.of(recipe, sft.config(), prompts.longest()));
      try (Workers workers = TorchRuntime.configure(recipe.threads());
          var outcome = new RlOutcome(context, tokenizer, memory)) {
        return learn(
            context,
            new PolicyLearner(recipe, sft, workers),
            new RolloutPrompts(prompts, recipe),
            outcome,
            started);
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
    var versions = new PolicyVersions(exchange, events, context.input(Stage.SFT), context.run());
    var run = new RlRun(context, learner, versions, prompts, outcome);
    try (var inbox = new RolloutInbox(events, context.run(), run.nextOffset())) {
      Checkpoint policy = run.finish(inbox);
      return outcome.publish(learner, versions, policy, prompts.summary(), started);
    }
  }
}
