package io.quartet.rl.learner;

import io.quartet.datasets.Question;
import io.quartet.datasets.WordNetLessons;
import io.quartet.evaluation.ScoredAnswer;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A few held-out questions with every model's first answer, for a person to read. */
final class Samples {
  private static final int COUNT = 8;

  private Samples() {}

  /**
   * For each question: question, base_prompt, reference, and base, sft and rl with text and gold.
   */
  static List<Map<String, Object>> of(
      WordNetLessons lessons,
      List<ScoredAnswer> base,
      List<ScoredAnswer> sft,
      List<ScoredAnswer> rl) {
    return lessons.heldOutQuestions().stream()
        .limit(COUNT)
        .map(question -> sample(lessons, question, base, sft, rl))
        .toList();
  }

  private static Map<String, Object> sample(
      WordNetLessons lessons,
      Question question,
      List<ScoredAnswer> base,
      List<ScoredAnswer> sft,
      List<ScoredAnswer> rl) {
    Map<String, Object> sample = new LinkedHashMap<>();
    sample.put("question", question.text());
    sample.put("base_prompt", lessons.fewShotPrompt(question));
    sample.put("reference", question.ideal());
    answer(base, question).ifPresent(answer -> sample.put("base", answer));
    answer(sft, question).ifPresent(answer -> sample.put("sft", answer));
    answer(rl, question).ifPresent(answer -> sample.put("rl", answer));
    return sample;
  }

  private static Optional<Map<String, Object>> answer(
      List<ScoredAnswer> answers, Question question) {
    return answers.stream()
        .filter(answer -> answer.word().equals(question.word().lemma()))
        .findFirst()
        .map(answer -> Map.of("text", answer.answer(), "gold", answer.score().mean()));
  }
}
