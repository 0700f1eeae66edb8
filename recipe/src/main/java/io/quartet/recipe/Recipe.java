package io.quartet.recipe;

import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.LoraConfig;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.SpecialTokens;
import io.quartet.checkpoint.Stage;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * One run, whole: data, model and the four stages. Keys that a YAML document leaves out have the
 * values of the committed recipe {@code default}; {@link #yaml()} has them all.
 *
 * @param name what the run is about; a run without a name of its own is called after it
 * @param stages what the run consists of: all four, or the first of them
 * @param seed every random choice of the run follows from it
 * @param threads threads of each stage's numerics
 * @param precision number format of the matrix products in training
 * @param recomputeActivations whether training keeps only what enters each block and computes the
 *     rest again: less memory for a third more arithmetic; with adapters it always does
 * @param lora how SFT, reward and RL train; absent, they train every weight
 */
public record Recipe(
    String name,
    List<Stage> stages,
    long seed,
    int threads,
    Precision precision,
    boolean recomputeActivations,
    Data data,
    Model model,
    Optional<Lora> lora,
    Base base,
    Sft sft,
    Reward reward,
    Rl rl,
    Evaluation evaluation,
    Serve serve) {
  /** Validates what one section alone cannot see. */
  public Recipe {
    Check.holds(
        name.matches("[a-z0-9][a-z0-9._-]{0,63}"),
        "name",
        "'" + name + "'",
        "1 to 64 of a-z 0-9 . _ -, a letter or digit first");
    stages = List.copyOf(stages);
    List<Stage> all = List.of(Stage.values());
    Check.holds(
        !stages.isEmpty()
            && stages.size() <= all.size()
            && stages.equals(all.subList(0, stages.size())),
        "stages",
        labels(stages),
        labels(all) + " or the first of them");
    data.requireFor(stages);
    Check.atLeast("seed", seed, 0);
    Check.between("threads", threads, 1, 1024);
    Check.holds(
        base.steps() > 0 || model.from.isPresent(),
        "base.steps",
        base.steps(),
        "at least 1, or a model to start from in model.from");
    // Another model has a context of its own, which its stages check.
    int context = model.from.isPresent() ? Model.MAX_CONTEXT : model.context;
    Check.between("base.sequence", base.sequence, 8, context);
    if (stages.contains(Stage.SFT)) {
      Check.between("sft.sequence", sft.sequence, 8, context);
    }
    if (stages.contains(Stage.RL)) {
      Check.between("rl.max_tokens", rl.maxTokens, 1, context - 1);
      Check.holds(
          rl.reward == RewardSource.MODEL || data.lessons.isPresent(),
          "rl.reward",
          "gold",
          "model, for without data.lessons there is no gold score");
    }
    Check.between("evaluation.max_tokens", evaluation.maxTokens, 1, context - 1);
    Check.between("serve.max_tokens", serve.maxTokens, 1, context - 1);
  }

  private static List<String> labels(List<Stage> stages) {
    return stages.stream().map(Stage::label).toList();
  }

  /**
   * Reads a recipe.
   *
   * @throws io.quartet.checkpoint.QuartetException INVALID_ARGUMENT with the key's full path, what
   *     was got and what was expected
   */
  public static Recipe parse(String yaml) {
    return RecipeReader.parse(yaml);
  }

  /**
   * Reads a recipe file; its data patterns count from the file's folder and become absolute.
   *
   * @throws io.quartet.checkpoint.QuartetException NOT_FOUND if the file, or every file of one of
   *     its data patterns, is missing; else as {@link #parse}
   */
  public static Recipe read(Path file) {
    return RecipeReader.read(file);
  }

  /**
   * A recipe that comes with Quartet: {@code default}, {@code quick} or {@code tiny}.
   *
   * @throws io.quartet.checkpoint.QuartetException NOT_FOUND for another name
   */
  public static Recipe committed(String name) {
    return parse(committedYaml(name));
  }

  /** The text of a committed recipe, with its comments. */
  public static String committedYaml(String name) {
    return RecipeReader.committed(name);
  }

  /** This recipe with every key written out; {@code parse(yaml())} equals it. */
  public String yaml() {
    return RecipeReader.write(this);
  }

  /**
   * Where the run's words come from: .txt, .md, .jsonl, .jsonl.gz, .json, .csv and .parquet files.
   *
   * @param lessons the WordNet dictionary lessons; absent for a run on one's own files alone
   * @param documents running text for the base stage
   * @param demonstrations conversations for the SFT stage
   * @param comparisons ranked answers for the reward stage
   * @param prompts conversations that wait for an answer, for RL
   * @param badRows rows that a stage may skip, each with its line and reason; one more fails it
   * @param heldOutTail share of each own document, at its end, that is held out; 0 holds out every
   *     twentieth document instead
   */
  public record Data(
      Optional<Lessons> lessons,
      List<DataSource> documents,
      List<DataSource> demonstrations,
      List<DataSource> comparisons,
      List<DataSource> prompts,
      long badRows,
      double heldOutTail,
      Tokenizer tokenizer) {
    /** Validates the values, and that each list's shapes are such as its stage can read. */
    public Data {
      documents = shaped("documents", documents, DataShape.TEXT);
      demonstrations =
          shaped(
              "demonstrations",
              demonstrations,
              DataShape.MESSAGES,
              DataShape.SHAREGPT,
              DataShape.ALPACA);
      comparisons =
          shaped(
              "comparisons",
              comparisons,
              DataShape.PAIRS,
              DataShape.SHAREGPT,
              DataShape.HH,
              DataShape.RANKED);
      prompts =
          shaped(
              "prompts",
              prompts,
              DataShape.PAIRS,
              DataShape.MESSAGES,
              DataShape.SHAREGPT,
              DataShape.ALPACA,
              DataShape.HH);
      Check.atLeast("bad_rows", badRows, 0);
      Check.between("held_out_tail", heldOutTail, 0, 0.5);
      Check.holds(
          lessons.isEmpty() || comparisons.isEmpty(),
          "comparisons",
          comparisons.stream().map(DataSource::files).toList(),
          "none beside data.lessons, which have a labeller of their own");
    }

    private static List<DataSource> shaped(
        String key, List<DataSource> sources, DataShape... shapes) {
      for (int i = 0; i < sources.size(); i++) {
        DataSource source = sources.get(i);
        Check.holds(source != null, key, "nothing", "a path or a pattern");
        Check.holds(
            source.shape().filter(s -> !List.of(shapes).contains(s)).isEmpty(),
            "%s[%d].shape".formatted(key, i),
            source.shape().map(DataShape::label).orElse(""),
            DataSource.labels(shapes));
      }
      return List.copyOf(sources);
    }

    /** Checks that each of a run's stages has something to learn from. */
    private void requireFor(List<Stage> stages) {
      for (Stage stage : stages) {
        switch (stage) {
          case BASE -> require("data.documents", documents);
          case SFT -> require("data.demonstrations", demonstrations);
          case REWARD -> require("data.comparisons", comparisons);
          case RL -> require("data.prompts", prompts);
        }
      }
    }

    private void require(String key, List<DataSource> files) {
      Check.holds(lessons.isPresent() || !files.isEmpty(), key, files, "files, or data.lessons");
    }
  }

  /**
   * A closed vocabulary of WordNet's most frequent words in three splits: A with demonstrations, B
   * without, C held out of everything but the base corpus.
   *
   * @param words size of the vocabulary
   * @param withoutDemonstrations share of the words in split B
   * @param heldOut share of the words in split C
   */
  public record Lessons(int words, double withoutDemonstrations, double heldOut, Habits habits) {
    /** Validates the sizes. */
    public Lessons {
      Check.between("words", words, 20, 20_000);
      Check.between("without_demonstrations", withoutDemonstrations, 0, 0.9);
      Check.between("held_out", heldOut, 0.01, 0.5);
      Check.holds(
          withoutDemonstrations + heldOut <= 0.95,
          "without_demonstrations",
          withoutDemonstrations,
          "at most 0.95 together with held_out " + heldOut);
    }
  }

  /**
   * How demonstrators answer: each a share, together 1.
   *
   * @param ideal as the labelling instructions say
   * @param noPartOfSpeech leaves the part of speech out
   * @param unnamed does not name the word
   * @param rambling goes on about another word
   * @param wrongGloss gives another word's meaning
   * @param wrongPartOfSpeech gives another part of speech
   */
  public record Habits(
      double ideal,
      double noPartOfSpeech,
      double unnamed,
      double rambling,
      double wrongGloss,
      double wrongPartOfSpeech) {
    /** Validates the shares. */
    public Habits {
      Check.between("ideal", ideal, 0, 1);
      Check.between("no_part_of_speech", noPartOfSpeech, 0, 1);
      Check.between("unnamed", unnamed, 0, 1);
      Check.between("rambling", rambling, 0, 1);
      Check.between("wrong_gloss", wrongGloss, 0, 1);
      Check.between("wrong_part_of_speech", wrongPartOfSpeech, 0, 1);
      double sum = ideal + noPartOfSpeech + unnamed + rambling + wrongGloss + wrongPartOfSpeech;
      Check.holds(
          Math.abs(sum - 1) < 1e-6,
          "ideal",
          ideal,
          "shares that sum to 1, not %.4f".formatted(sum));
    }
  }

  /**
   * The tokenizer that the base stage trains.
   *
   * @param vocabulary tokens, special and byte tokens among them
   */
  public record Tokenizer(int vocabulary) {
    /** Validates the size. */
    public Tokenizer {
      Check.between("vocabulary", vocabulary, SpecialTokens.ALL.size() + 256 + 1, 1 << 18);
    }
  }

  /**
   * The decoder's sizes, Llama's layout.
   *
   * @param from a checkpoint id or folder to start from instead of random weights; the sizes are
   *     then its own
   * @param size about how many parameters, such as {@code 12m}: every size, rate and number of
   *     steps that the recipe does not give itself follows from it, and is written out beside it
   * @param hidden width D
   * @param layers blocks L
   * @param heads query heads; {@code hidden / heads} is the head dimension
   * @param keyValueHeads key and value heads
   * @param feedForward inner width of the SwiGLU
   * @param context longest sequence, in tokens
   * @param ropeTheta base of the rotary embedding's wavelengths (Su et al. 2021)
   * @param rmsNormEpsilon added to the mean square
   * @param tiedEmbeddings whether the output layer is the embedding
   */
  public record Model(
      Optional<String> from,
      Optional<String> size,
      int hidden,
      int layers,
      int heads,
      int keyValueHeads,
      int feedForward,
      int context,
      double ropeTheta,
      double rmsNormEpsilon,
      boolean tiedEmbeddings) {
    // Generation's rotary kernel takes no other head; better said before training than after it.
    private static final int HEAD_MULTIPLE = 16;
    private static final int MAX_CONTEXT = 131_072;

    /** Validates the sizes. */
    public Model {
      size.ifPresent(
          wanted ->
              Check.holds(
                  ModelSize.PARAMETERS.matcher(wanted).matches(),
                  "size",
                  "'" + wanted + "'",
                  "parameters in millions or billions, such as 12m or 1.5b"));
      Check.holds(
          size.isEmpty() || from.isEmpty(),
          "size",
          size.orElse(""),
          "nothing beside model.from, whose sizes are its own");
      Check.between("hidden", hidden, 8, 16_384);
      Check.between("layers", layers, 1, 256);
      Check.between("heads", heads, 1, hidden);
      Check.holds(
          hidden % heads == 0 && hidden / heads % HEAD_MULTIPLE == 0,
          "heads",
          heads,
          "hidden %d divided into heads of a multiple of %d".formatted(hidden, HEAD_MULTIPLE));
      Check.holds(
          keyValueHeads >= 1 && heads % keyValueHeads == 0,
          "key_value_heads",
          keyValueHeads,
          "a divisor of heads " + heads);
      Check.between("feed_forward", feedForward, 8, 65_536);
      Check.between("context", context, 16, MAX_CONTEXT);
      Check.positive("rope_theta", ropeTheta);
      Check.between("rms_norm_epsilon", rmsNormEpsilon, 0, 0.1);
    }

    /** The model's {@code config.json} for a tokenizer of so many tokens. */
    public ModelConfig config(int vocabulary) {
      return new ModelConfig(
          Architecture.CAUSAL_LM,
          vocabulary,
          hidden,
          feedForward,
          layers,
          heads,
          keyValueHeads,
          hidden / heads,
          context,
          ropeTheta,
          rmsNormEpsilon,
          tiedEmbeddings,
          SpecialTokens.END_OF_TEXT_ID,
          SpecialTokens.END_OF_TEXT_ID,
          SpecialTokens.PAD_ID);
    }
  }

  /**
   * Low-rank adapters beside frozen weights (Hu et al. 2021) instead of training every weight.
   *
   * @param rank inner size of the product that is added to a projection
   * @param alpha what it is scaled by, over the rank
   * @param targetModules the projections: q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj,
   *     down_proj
   * @param dropout share of an adapter's inputs that are dropped
   */
  public record Lora(int rank, double alpha, List<String> targetModules, double dropout) {
    /** Validates the values. */
    public Lora {
      targetModules = List.copyOf(targetModules);
      Check.between("rank", rank, 1, 4096);
      Check.positive("alpha", alpha);
      Check.holds(
          !targetModules.isEmpty()
              && LoraConfig.PROJECTIONS.containsAll(targetModules)
              && Set.copyOf(targetModules).size() == targetModules.size(),
          "target_modules",
          targetModules,
          "some of %s, each once".formatted(LoraConfig.PROJECTIONS));
      Check.between("dropout", dropout, 0, 0.9);
    }

    /** The adapters' settings. */
    public LoraConfig config() {
      return new LoraConfig(rank, alpha, targetModules, dropout);
    }
  }

  /**
   * The optimizer and its learning rate over a stage.
   *
   * @param steps optimiser steps; 0 only in the base stage, to take {@code model.from} as it is
   * @param learningRate the peak, after the warm-up
   * @param warmupSteps steps of a rising learning rate
   * @param schedule what follows
   * @param finalShare the last step's learning rate as a share of the peak; unused when constant
   * @param decayShare share of the steps that decay under {@code wsd}
   * @param optimizer what takes the steps
   * @param weightDecay decoupled decay of the matrices, the embedding not among them
   * @param gradientClip largest gradient norm
   * @param averageDecay of the exponential moving average of the weights that is measured and
   *     published; 0 publishes the weights themselves
   */
  public record Optimization(
      int steps,
      double learningRate,
      int warmupSteps,
      Schedule schedule,
      double finalShare,
      double decayShare,
      Optimizer optimizer,
      double weightDecay,
      double gradientClip,
      double averageDecay) {
    /** Validates the values. */
    public Optimization {
      Check.between("steps", steps, 0, 10_000_000);
      Check.holds(
          learningRate > 0 && learningRate < 1,
          "learning_rate",
          learningRate,
          "more than 0, less than 1");
      if (steps > 0) {
        Check.between("warmup_steps", warmupSteps, 0, steps);
      }
      Check.between("final_share", finalShare, 0, 1);
      Check.between("decay_share", decayShare, 0.001, 1);
      Check.between("weight_decay", weightDecay, 0, 1);
      Check.positive("gradient_clip", gradientClip);
      Check.between("average_decay", averageDecay, 0, 0.99999);
    }
  }

  /**
   * Pretraining on documents.
   *
   * @param batch packed rows a step
   * @param sequence tokens a row
   * @param dropout share of the embeddings' and of each block's outputs that a step drops
   * @param zLoss weight of the squared log-partition in the loss; 0 for none
   * @param snapshotEvery steps between resumable snapshots, each followed by a look at held-out
   *     text
   * @param keepSnapshots how many of the newest are kept
   * @param publish whether the last step's weights are published or the best look's
   */
  public record Base(
      @JsonUnwrapped Optimization optimization,
      int batch,
      int sequence,
      double dropout,
      double zLoss,
      int snapshotEvery,
      int keepSnapshots,
      Publish publish) {
    /** Validates the values. */
    public Base {
      Check.between("batch", batch, 1, 65_536);
      Check.between("dropout", dropout, 0, 0.9);
      Check.between("z_loss", zLoss, 0, 1);
      Check.atLeast("snapshot_every", snapshotEvery, 1);
      Check.between("keep_snapshots", keepSnapshots, 1, 1000);
    }

    /** Optimiser steps. */
    public int steps() {
      return optimization.steps();
    }
  }

  /**
   * Fine-tuning on demonstrations, the loss on the answers.
   *
   * @param snapshotEvery steps between resumable snapshots, each followed by a look at held-out
   *     demonstrations
   * @param keepSnapshots how many of the newest are kept
   * @param publish whether the last step's weights are published or the best look's
   * @param baseTextShare share of the documents in a batch that are base text, with loss on all
   */
  public record Sft(
      @JsonUnwrapped Optimization optimization,
      int batch,
      int sequence,
      double zLoss,
      int snapshotEvery,
      int keepSnapshots,
      Publish publish,
      double baseTextShare) {
    /** Validates the values. */
    public Sft {
      Check.atLeast("steps", optimization.steps(), 1);
      Check.between("batch", batch, 1, 65_536);
      Check.between("z_loss", zLoss, 0, 1);
      Check.atLeast("snapshot_every", snapshotEvery, 1);
      Check.between("keep_snapshots", keepSnapshots, 1, 1000);
      Check.between("base_text_share", baseTextShare, 0, 0.95);
    }

    /** Optimiser steps. */
    public int steps() {
      return optimization.steps();
    }
  }

  /**
   * The reward model, from comparisons of answers to the same prompt.
   *
   * @param batch prompts a step; every ranked pair of a prompt's answers counts
   * @param snapshotEvery steps between resumable snapshots
   * @param keepSnapshots how many of the newest are kept
   * @param samplesPerPrompt answers that the SFT model writes for each prompt
   * @param temperature of those answers
   * @param ownSampleShare share of the ranked sets that are the SFT model's own answers; the others
   *     are built
   * @param mannerShare share of the ranked sets that are built and differ in manner; those that are
   *     left differ in truth alone
   * @param renamedShare share of the lessons' ranked sets that are told under another word's name
   * @param recitalTokens the most tokens that the base model recalls about a question, which the
   *     reward model reads first; 0 for none
   * @param centering weight of the mean squared reward, which keeps rewards around zero
   * @param heldOutShare share of the words with comparisons that only steer early stopping and the
   *     gate before RL
   * @param evaluateEvery steps between looks at the held-out pairs
   * @param patience looks without a better one before training stops
   * @param bestOf answers to choose from in the best-of-n check
   */
  public record Reward(
      @JsonUnwrapped Optimization optimization,
      int batch,
      int snapshotEvery,
      int keepSnapshots,
      int samplesPerPrompt,
      double temperature,
      double ownSampleShare,
      double mannerShare,
      double renamedShare,
      int recitalTokens,
      double centering,
      double heldOutShare,
      int evaluateEvery,
      int patience,
      int bestOf) {
    /** Validates the values. */
    public Reward {
      Check.atLeast("steps", optimization.steps(), 1);
      Check.between("batch", batch, 1, 65_536);
      Check.atLeast("snapshot_every", snapshotEvery, 1);
      Check.between("keep_snapshots", keepSnapshots, 1, 1000);
      Check.between("samples_per_prompt", samplesPerPrompt, 2, 256);
      Check.between("temperature", temperature, 0.01, 10);
      Check.between("own_sample_share", ownSampleShare, 0, 1);
      Check.holds(
          mannerShare >= 0 && ownSampleShare + mannerShare <= 1,
          "manner_share",
          mannerShare,
          "0 to 1 together with own_sample_share " + ownSampleShare);
      Check.between("renamed_share", renamedShare, 0, 1);
      Check.between("recital_tokens", recitalTokens, 0, 4096);
      Check.between("centering", centering, 0, 1);
      Check.between("held_out_share", heldOutShare, 0.01, 0.5);
      Check.atLeast("evaluate_every", evaluateEvery, 1);
      Check.atLeast("patience", patience, 1);
      Check.between("best_of", bestOf, 2, 256);
    }

    /** Optimiser steps. */
    public int steps() {
      return optimization.steps();
    }
  }

  /**
   * PPO (Schulman et al. 2017) with a KL penalty to the SFT policy (Ouyang et al. 2022).
   *
   * @param updates rounds of rollouts and learning
   * @param prompts prompts a round
   * @param samplesPerPrompt answers to each
   * @param promptsPerRequest prompts that one rollout worker takes at a time
   * @param epochs passes over a round's answers
   * @param minibatch answers a step
   * @param advantage how answers are judged
   * @param learningRate of the policy; it warms up over {@code warmupUpdates} and falls linearly
   * @param valueLearningRate of the value head and its trunk
   * @param clipRange ε of the clipped ratio
   * @param valueClip ε of the clipped value loss
   * @param gamma discount
   * @param lambda of the advantage estimator
   * @param klCoefficient price of a nat of KL, by token
   * @param missingEndPenalty taken from the reward of an answer that does not end
   * @param temperature of the rollouts; 1 keeps the behaviour the policy's own
   * @param maxTokens longest answer
   * @param reward who rewards
   * @param gate whether the run stops when best-of-n by the reward model does not raise the gold
   *     score on held-out words
   * @param evaluateEvery updates between looks at held-out prompts
   * @param snapshotEvery updates between resumable snapshots
   * @param keepSnapshots how many of the newest are kept
   */
  public record Rl(
      int updates,
      int prompts,
      int samplesPerPrompt,
      int promptsPerRequest,
      int epochs,
      int minibatch,
      Advantage advantage,
      double learningRate,
      double valueLearningRate,
      int warmupUpdates,
      double gradientClip,
      double clipRange,
      double valueClip,
      double gamma,
      double lambda,
      double klCoefficient,
      double missingEndPenalty,
      double temperature,
      int maxTokens,
      RewardSource reward,
      boolean gate,
      int evaluateEvery,
      int snapshotEvery,
      int keepSnapshots) {
    /** Validates the values. */
    public Rl {
      Check.between("updates", updates, 1, 1_000_000);
      Check.between("prompts", prompts, 1, 65_536);
      Check.between("samples_per_prompt", samplesPerPrompt, 1, 256);
      Check.holds(
          advantage == Advantage.GAE || samplesPerPrompt > 1,
          "samples_per_prompt",
          samplesPerPrompt,
          "at least 2 with advantage rloo");
      Check.between("prompts_per_request", promptsPerRequest, 1, prompts);
      Check.between("epochs", epochs, 1, 64);
      Check.between("minibatch", minibatch, 1, prompts * samplesPerPrompt);
      Check.holds(
          learningRate > 0 && learningRate < 1,
          "learning_rate",
          learningRate,
          "more than 0, less than 1");
      Check.holds(
          valueLearningRate > 0 && valueLearningRate < 1,
          "value_learning_rate",
          valueLearningRate,
          "more than 0, less than 1");
      Check.between("warmup_updates", warmupUpdates, 0, updates);
      Check.positive("gradient_clip", gradientClip);
      Check.between("clip_range", clipRange, 0.001, 10);
      Check.between("value_clip", valueClip, 0.001, 100);
      Check.between("gamma", gamma, 0, 1);
      Check.between("lambda", lambda, 0, 1);
      Check.between("kl_coefficient", klCoefficient, 0, 100);
      Check.between("missing_end_penalty", missingEndPenalty, 0, 100);
      Check.between("temperature", temperature, 0.01, 10);
      Check.atLeast("max_tokens", maxTokens, 1);
      Check.atLeast("evaluate_every", evaluateEvery, 1);
      Check.atLeast("snapshot_every", snapshotEvery, 1);
      Check.between("keep_snapshots", keepSnapshots, 1, 1000);
    }
  }

  /**
   * How every stage is measured on the held-out words.
   *
   * @param samplesPerWord answers to each word
   * @param temperature of the answers
   * @param maxTokens longest answer
   */
  public record Evaluation(int samplesPerWord, double temperature, int maxTokens) {
    /** Validates the values. */
    public Evaluation {
      Check.between("samples_per_word", samplesPerWord, 1, 256);
      Check.between("temperature", temperature, 0, 10);
      Check.atLeast("max_tokens", maxTokens, 1);
    }
  }

  /**
   * What the demo and the chat ask for.
   *
   * @param temperature of the answers; 0 is greedy
   * @param topP share of the probability mass to sample from
   * @param maxTokens longest answer
   */
  public record Serve(double temperature, double topP, int maxTokens) {
    /** Validates the values. */
    public Serve {
      Check.between("temperature", temperature, 0, 10);
      Check.between("top_p", topP, 0.001, 1);
      Check.atLeast("max_tokens", maxTokens, 1);
    }
  }
}
