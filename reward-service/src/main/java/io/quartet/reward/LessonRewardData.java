package io.quartet.reward;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.Role;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.Comparison;
import io.quartet.datasets.Flaw;
import io.quartet.datasets.Question;
import io.quartet.datasets.Split;
import io.quartet.datasets.Task;
import io.quartet.datasets.Word;
import io.quartet.datasets.WordNetLessons;
import io.quartet.decoder.SequenceScorer;
import io.quartet.evaluation.AnswerSampler;
import io.quartet.evaluation.BestOfN;
import io.quartet.evaluation.PairAccuracy;
import io.quartet.evaluation.RewardedAnswer;
import io.quartet.evaluation.ScoredAnswer;
import io.quartet.recipe.RewardSection;
import io.quartet.reward.LessonComparisons.LabelledSamples;
import io.quartet.reward.RewardScorer.RewardScale;
import io.quartet.service.StageContext;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Comparisons about words. Of the A and B words a share (D) is held out to stop by; every figure is
 * on the C words, which no comparison is about.
 */
record LessonRewardData(
    ComparisonSource training,
    List<LabelledSamples> trained,
    List<LabelledSamples> stopping,
    List<LabelledSamples> unseen,
    List<Comparison> builtFlaws,
    ChatTemplate template,
    Recital recital)
    implements RewardData {

  /** Questions whose answers are sampled in one go, so that progress can be told in between. */
  private static final int GROUP = 64;

  /** Samples and labels everything. */
  static LessonRewardData of(
      StageContext context,
      WordNetLessons lessons,
      Tokenizer tokenizer,
      Recital recital,
      AnswerSampler policy) {
    var template = new ChatTemplate(tokenizer);
    RewardSection recipe = context.recipe().reward();
    var random = new SplittableRandom(context.recipe().seed() ^ 0x5DEECE66DL);
    List<Question> questions = new ArrayList<>();
    for (Word word : shuffled(lessons.words(Split.A, Split.B), random)) {
      questions.add(new Question(word, Task.DEFINE, random.nextInt(Task.DEFINE.phrasings())));
    }
    int held = Math.max(1, (int) Math.round(questions.size() * recipe.heldOutShare()));
    var sampling = new Sampling(context, policy, recital, random);
    List<LabelledSamples> unseen = sampling.of(lessons.heldOutQuestions(), recipe.bestOf());
    List<LabelledSamples> stopping = sampling.of(questions.subList(0, held), recipe.bestOf());
    List<LabelledSamples> trained =
        sampling.of(questions.subList(held, questions.size()), recipe.samplesPerPrompt());
    var comparisons = new LessonComparisons(trained, lessons, template, recital, recipe);
    return new LessonRewardData(
        Renaming.among(lessons.words(Split.A, Split.B), tokenizer, recipe.renamedShare())
            .of(comparisons::draw),
        trained,
        stopping,
        unseen,
        lessons.comparisons(0, Split.C),
        template,
        recital);
  }

  @Override
  public List<RatedAnswers> heldOut() {
    return stopping.stream().map(LabelledSamples::rated).toList();
  }

  @Override
  public Map<String, Object> measure(SequenceScorer scorer) {
    List<int[]> own = new ArrayList<>();
    trained.forEach(samples -> own.addAll(samples.sequences()));
    Map<String, Object> figures =
        new LinkedHashMap<>(RewardScale.of(scorer.rewards(own), recital.maxTokens()).entry());
    List<RewardedAnswer> rewarded = new ArrayList<>();
    for (LabelledSamples samples : unseen) {
      rewarded.addAll(RewardedAnswer.of(samples.answers(), scorer.rewards(samples.sequences())));
    }
    PairAccuracy.ofAnswers(rewarded).ifPresent(all -> figures.putAll(RewardData.figures(all)));
    PairAccuracy.ofTruth(rewarded).ifPresent(p -> figures.put("truth_pairs", p.toMetrics()));
    PairAccuracy.ofManner(rewarded).ifPresent(p -> figures.put("manner_pairs", p.toMetrics()));
    figures.put("by_flaw", byFlaw(scorer));
    BestOfN best = BestOfN.of(rewarded);
    figures.put("best_of_" + best.n(), best.toMetrics());
    return figures;
  }

  /** Share of built flaws on C words that score below the ideal answer, in all and by flaw. */
  private Map<String, Object> byFlaw(SequenceScorer scorer) {
    List<int[]> conversations = new ArrayList<>();
    for (Comparison comparison : builtFlaws) {
      conversations.add(tokens(comparison, comparison.chosen(), true));
      boolean ends = comparison.flaw().filter(Flaw.NEVER_ENDING::equals).isEmpty();
      conversations.add(tokens(comparison, comparison.rejected(), ends));
    }
    float[] rewards = scorer.rewards(recital.before(conversations));
    Map<String, List<Double>> hits = new LinkedHashMap<>();
    for (int i = 0; i < builtFlaws.size(); i++) {
      double hit = rewards[2 * i] > rewards[2 * i + 1] ? 1 : 0;
      hits.computeIfAbsent("all", name -> new ArrayList<>()).add(hit);
      builtFlaws
          .get(i)
          .flaw()
          .ifPresent(
              flaw -> hits.computeIfAbsent(flaw.label(), name -> new ArrayList<>()).add(hit));
    }
    Map<String, Object> shares = new LinkedHashMap<>();
    hits.forEach(
        (flaw, all) ->
            shares.put(flaw, all.stream().mapToDouble(Double::doubleValue).average().orElse(0)));
    return shares;
  }

  private int[] tokens(Comparison comparison, String answer, boolean ends) {
    int[] tokens =
        template.encode(comparison.prompt().with(new Message(Role.ASSISTANT, answer))).tokenIds();
    return ends ? tokens : Arrays.copyOf(tokens, tokens.length - 1);
  }

  /** Samples answers in groups, telling how far it is. */
  private record Sampling(
      StageContext context, AnswerSampler policy, Recital recital, SplittableRandom seeds) {
    List<LabelledSamples> of(List<Question> questions, int each) {
      double temperature = context.recipe().reward().temperature();
      List<LabelledSamples> samples = new ArrayList<>();
      for (int from = 0; from < questions.size(); from += GROUP) {
        int to = Math.min(questions.size(), from + GROUP);
        List<Question> group = questions.subList(from, to);
        List<ScoredAnswer> answers = policy.chat(group, each, temperature, seeds.nextLong());
        for (int q = 0; q < group.size(); q++) {
          samples.add(
              LabelledSamples.of(group.get(q), answers.subList(q * each, (q + 1) * each), recital));
        }
        context.progress(0, context.recipe().reward().steps(), "sampling comparisons", Map.of());
      }
      return samples;
    }
  }

  private static List<Word> shuffled(List<Word> words, SplittableRandom random) {
    List<Word> order = new ArrayList<>(words);
    for (int i = order.size() - 1; i > 0; i--) {
      int j = random.nextInt(i + 1);
      Word moved = order.get(i);
      order.set(i, order.get(j));
      order.set(j, moved);
    }
    return order;
  }
}
