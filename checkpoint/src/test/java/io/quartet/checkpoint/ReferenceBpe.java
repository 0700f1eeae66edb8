package io.quartet.checkpoint;

import io.quartet.checkpoint.BpeVocabulary.Merge;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** BPE as the paper tells it: apply every merge in order, piece by piece. Slow and plain. */
final class ReferenceBpe {
  private final BpeVocabulary vocabulary;

  ReferenceBpe(BpeVocabulary vocabulary) {
    this.vocabulary = vocabulary;
  }

  int[] encode(String text) {
    List<Integer> tokens = new ArrayList<>();
    PreTokenizer.split(text, piece -> tokens.addAll(encodePiece(piece)));
    return tokens.stream().mapToInt(Integer::intValue).toArray();
  }

  private List<Integer> encodePiece(String piece) {
    List<Integer> word = new ArrayList<>();
    for (byte b : piece.getBytes(StandardCharsets.UTF_8)) {
      word.add(BpeVocabulary.FIRST_BYTE + (b & 0xff));
    }
    for (int m = 0; m < vocabulary.merges().size(); m++) {
      word = merge(word, vocabulary.merges().get(m), BpeVocabulary.FIRST_MERGE + m);
    }
    return word;
  }

  static List<Integer> merge(List<Integer> word, Merge merge, int merged) {
    List<Integer> result = new ArrayList<>();
    for (int i = 0; i < word.size(); i++) {
      boolean match =
          i + 1 < word.size() && word.get(i) == merge.left() && word.get(i + 1) == merge.right();
      result.add(match ? merged : word.get(i));
      i += match ? 1 : 0;
    }
    return result;
  }
}
