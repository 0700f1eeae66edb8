package io.quartet.datasets;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Every fact of every word once: 1 to 3 sentences about one word a document. */
record FactSheets(List<Word> words) implements DocumentSource {
  // Half of the documents hold one sentence: then the word alone calls up the fact.
  private static final List<Integer> SENTENCES = List.of(1, 1, 2, 3);

  @Override
  public List<Document> write(SplittableRandom random) {
    List<Document> documents = new ArrayList<>();
    for (Word word : words) {
      List<String> facts = Draw.shuffled(FactForm.all(word), random);
      for (int from = 0; from < facts.size(); ) {
        int to = Math.min(facts.size(), from + Draw.one(SENTENCES, random));
        documents.add(new Document(" " + String.join(" ", facts.subList(from, to))));
        from = to;
      }
    }
    return documents;
  }
}
