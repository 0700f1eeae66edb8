package io.quartet.datasets;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Plain-text lists of questions with their answers, as web pages have them: they are why a base
 * model can be asked, and prompted with examples, at all. The answers are sentences of the base
 * corpus, not in the assistant's manner, which only the demonstrations show; but part of speech and
 * meaning come in the same order, so that a reward model that reads what the base model recalls
 * only has to compare.
 *
 * @param lines answered questions about each word, an epoch
 */
record QuestionLists(List<Word> words, int lines) implements DocumentSource {
  private static final List<Integer> LENGTHS = List.of(1, 2, 3);

  @Override
  public List<Document> write(SplittableRandom random) {
    List<Document> documents = new ArrayList<>();
    for (int line = 0; line < lines; line++) {
      List<Word> order = Draw.shuffled(words, random);
      for (int from = 0; from < order.size(); ) {
        int to = Math.min(order.size(), from + Draw.one(LENGTHS, random));
        List<String> list =
            order.subList(from, to).stream().map(word -> answered(word, random)).toList();
        documents.add(new Document(" " + String.join(" ", list)));
        from = to;
      }
    }
    return documents;
  }

  private static String answered(Word word, SplittableRandom random) {
    String question = Task.DEFINE.question(word, random.nextInt(Task.DEFINE.phrasings()));
    return question + " " + FactForm.FULL_SENTENCE.of(word).orElseThrow();
  }
}
