package io.quartet.rl.learner;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.LoraConfig;
import io.quartet.model.ActorCritic;
import io.quartet.model.AdamW;
import io.quartet.model.AdapterWeights;
import io.quartet.model.AdvantageEstimator;
import io.quartet.model.AdvantageEstimator.Advantages;
import io.quartet.model.CausalLm;
import io.quartet.model.LearningRateSchedule;
import io.quartet.model.LogProbs;
import io.quartet.model.ModelWeights;
import io.quartet.model.PassOptions;
import io.quartet.model.PpoLoss;
import io.quartet.model.PpoSample;
import io.quartet.model.Precision;
import io.quartet.model.RewardModel;
import io.quartet.model.StepMetrics;
import io.quartet.model.TokenSequence;
import io.quartet.model.Trainer;
import io.quartet.model.TrainerSnapshot;
import io.quartet.model.Workers;
import io.quartet.recipe.Advantage;
import io.quartet.recipe.LoraSection;
import io.quartet.recipe.Recipe;
import io.quartet.recipe.RlSection;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;

/**
 * PPO on rounds of answers: KL to the SFT policy as a token's reward, the reward model's score at
 * the answer's end, advantages by GAE from a critic with a trunk of its own, or leave-one-out.
 */
final class PolicyLearner {
  private static final double VALUE_WEIGHT = 0.5;
  private static final double FINAL_SHARE = 0.1;
  private static final String TOKENS = "answer_tokens";
  private static final String FLOPS = "flops";

  private final RlSection recipe;
  private final Earnings earnings;
  private final long seed;
  private final Checkpoint sft;
  private final Workers workers;
  private final CausalLm reference;
  private final Trainer<ActorCritic> trainer;
  private double flops;
  private long tokens;

  /**
   * A learner whose policy, reference and critic's trunk all begin as the SFT model; with adapters
   * the three are views of the same frozen weights.
   */
  PolicyLearner(Recipe recipe, Checkpoint sft, Workers workers) {
    this.recipe = recipe.rl();
    this.earnings = new Earnings(recipe.rl());
    this.seed = recipe.seed();
    this.workers = workers;
    Precision precision = Precision.here(recipe.precision().name());
    this.sft = sft;
    Optional<LoraConfig> lora = recipe.lora().map(LoraSection::config);
    CausalLm policy =
        lora.isPresent()
            ? ModelWeights.adaptedCausalLm(sft.config(), precision, sft.weights(), lora.get(), seed)
            : ModelWeights.causalLm(sft.config(), precision, sft.weights());
    this.reference =
        lora.isPresent()
            ? policy.withoutAdapters()
            : ModelWeights.causalLm(sft.config(), precision, sft.weights());
    double criticRate = this.recipe.valueLearningRate() / this.recipe.learningRate();
    ActorCritic model =
        this.recipe.advantage() == Advantage.GAE
            ? ActorCritic.separate(
                policy,
                lora.isPresent()
                    ? RewardModel.beside(policy, seed)
                    : ModelWeights.rewardModelFromTrunk(
                        sft.config(), precision, sft.weights(), seed),
                criticRate)
            : ActorCritic.shared(policy, criticRate, seed);
    long perUpdate = this.recipe.epochs() * (long) minibatches();
    LearningRateSchedule schedule =
        LearningRateSchedule.linear(
            this.recipe.learningRate(),
            this.recipe.warmupUpdates() * perUpdate,
            this.recipe.updates() * perUpdate,
            FINAL_SHARE);
    this.trainer =
        new Trainer<>(
                model,
                new AdamW(model, AdamW.Options.of(0)),
                schedule,
                this.recipe.gradientClip(),
                workers)
            .passing(new PassOptions(0, recipe.recomputeActivations()));
  }

  private int minibatches() {
    int answers = recipe.prompts() * recipe.samplesPerPrompt();
    return (answers + recipe.minibatch() - 1) / recipe.minibatch();
  }

  /**
   * One update.
   *
   * @param answers a round of answers of the current policy
   * @param update its number, from 0
   * @return figures by name: reward, kl (nats an answer), entropy, clip_fraction, value_loss,
   *     explained_variance, answer_length, ended, tokens
   */
  Map<String, Double> update(Answers answers, long update) {
    List<TokenSequence> sequences = sequences(answers);
    // The workers' log-probs are of fp32 products. The ratio must be 1 on policy in the learner's
    // own arithmetic, so it is taken against the learner's own.
    List<float[]> logProbs = logProbs(trainer.model().policy(), sequences);
    List<float[]> references = logProbs(reference, sequences);
    boolean gae = recipe.advantage() == Advantage.GAE;
    List<float[]> values =
        gae
            ? trainer.model().values(sequences, workers)
            : logProbs.stream().map(row -> new float[row.length]).toList();
    List<Advantages> judged =
        gae
            ? earnings.generalised(answers, logProbs, references, values)
            : earnings.leaveOneOut(answers, logProbs, references);
    List<float[]> returns = judged.stream().map(Advantages::returns).toList();
    List<float[]> whitened =
        AdvantageEstimator.whiten(judged.stream().map(Advantages::advantages).toList());
    List<PpoSample> samples = new ArrayList<>();
    for (int b = 0; b < answers.size(); b++) {
      samples.add(
          new PpoSample(
              sequences.get(b), logProbs.get(b), values.get(b), whitened.get(b), returns.get(b)));
    }
    Map<String, Double> figures = learn(samples, update);
    figures.put("reward", mean(answers.rewards()));
    figures.put("kl", Earnings.kl(logProbs, references));
    figures.put("answer_length", answers.meanLength());
    figures.put("ended", answers.endedShare());
    figures.put("behaviour_drift", drift(logProbs, answers.logProbs()));
    if (gae) {
      figures.put("explained_variance", AdvantageEstimator.explainedVariance(values, returns));
    }
    tokens += answers.responses().stream().mapToLong(response -> response.length).sum();
    figures.put("tokens", (double) tokens);
    return figures;
  }

  private static List<TokenSequence> sequences(Answers answers) {
    List<TokenSequence> sequences = new ArrayList<>();
    for (int b = 0; b < answers.size(); b++) {
      sequences.add(TokenSequence.answer(answers.prompts().get(b), answers.responses().get(b)));
    }
    return sequences;
  }

  /**
   * What is maximised, estimated on answers of the current policy: the mean of what an answer earns
   * minus the price of its KL to the SFT policy.
   */
  double objective(Answers answers) {
    List<TokenSequence> sequences = sequences(answers);
    return earnings.objective(
        answers, logProbs(trainer.model().policy(), sequences), logProbs(reference, sequences));
  }

  private Map<String, Double> learn(List<PpoSample> samples, long update) {
    double valueWeight = recipe.advantage() == Advantage.GAE ? VALUE_WEIGHT : 0;
    var options = new PpoLoss.Options(recipe.clipRange(), recipe.valueClip(), valueWeight, 0);
    Map<String, Double> sums = new LinkedHashMap<>();
    int steps = 0;
    for (int epoch = 0; epoch < recipe.epochs(); epoch++) {
      var random =
          new SplittableRandom(seed * 0x9E3779B97F4A7C15L + update * recipe.epochs() + epoch);
      List<PpoSample> order = shuffled(samples, random);
      for (int from = 0; from < order.size(); from += recipe.minibatch()) {
        int to = Math.min(order.size(), from + recipe.minibatch());
        StepMetrics step = step(order.subList(from, to), options);
        step.figures().forEach((name, value) -> sums.merge(name, value, Double::sum));
        sums.merge("loss", step.loss(), Double::sum);
        sums.merge("gradient_norm", step.gradientNorm(), Double::sum);
        flops += step.flops();
        steps++;
      }
    }
    int count = steps;
    sums.replaceAll((name, sum) -> sum / count);
    return sums;
  }

  private StepMetrics step(List<PpoSample> minibatch, PpoLoss.Options options) {
    int targets = minibatch.stream().mapToInt(sample -> sample.sequence().targets()).sum();
    var loss = new PpoLoss(options, targets);
    int count = Math.min(workers.count(), minibatch.size());
    List<List<PpoSample>> parts = new ArrayList<>();
    for (int p = 0; p < count; p++) {
      parts.add(
          minibatch.subList(minibatch.size() * p / count, minibatch.size() * (p + 1) / count));
    }
    return trainer.step(parts, (model, part) -> loss.of(model, part));
  }

  private List<float[]> logProbs(CausalLm model, List<TokenSequence> sequences) {
    return LogProbs.of(model, sequences, workers).stream().map(LogProbs::logProbs).toList();
  }

  /** Writes the policy's weights into a folder, or its adapter on the SFT model. */
  void save(Path folder) {
    CausalLm policy = trainer.model().policy();
    policy
        .lora()
        .ifPresentOrElse(
            lora -> AdapterWeights.save(policy, Adapter.on(sft, lora), folder),
            () -> ModelWeights.save(policy, folder.resolve(Checkpoint.WEIGHTS)));
  }

  /** Writes everything that the next update depends on. */
  void snapshot(Path directory, Map<String, String> cursor) {
    Map<String, String> whole = new LinkedHashMap<>(cursor);
    whole.put(TOKENS, Long.toString(tokens));
    whole.put(FLOPS, Double.toString(flops));
    TrainerSnapshot.save(directory, recipe.keepSnapshots(), trainer, whole);
  }

  /** Goes on from a snapshot; returns its cursor, or nothing if there is none. */
  Optional<Map<String, String>> restore(Path directory) {
    Optional<Map<String, String>> restored = TrainerSnapshot.restore(directory, trainer);
    restored.ifPresent(
        cursor -> {
          tokens = Long.parseLong(cursor.getOrDefault(TOKENS, "0"));
          flops = Double.parseDouble(cursor.getOrDefault(FLOPS, "0"));
        });
    return restored;
  }

  /** Floating-point operations of the training steps so far. */
  double flops() {
    return flops;
  }

  /** Answer tokens learned from so far. */
  long tokens() {
    return tokens;
  }

  private static List<PpoSample> shuffled(List<PpoSample> samples, SplittableRandom random) {
    List<PpoSample> order = new ArrayList<>(samples);
    for (int i = order.size() - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      PpoSample moved = order.get(i);
      order.set(i, order.get(j));
      order.set(j, moved);
    }
    return order;
  }

  private static double mean(float[] values) {
    double sum = 0;
    for (float value : values) {
      sum += value;
    }
    return sum / Math.max(1, values.length);
  }

  /** Mean absolute difference between the learner's and the workers' log-probs, a token. */
  private static double drift(List<float[]> own, List<float[]> behaviour) {
    double sum = 0;
    int count = 0;
    for (int b = 0; b < own.size(); b++) {
      for (int t = 0; t < own.get(b).length; t++) {
        sum += Math.abs(own.get(b)[t] - behaviour.get(b)[t]);
        count++;
      }
    }
    return sum / Math.max(1, count);
  }
}
