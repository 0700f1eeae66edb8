package io.quartet.reward;

import io.quartet.model.TokenShardWriter;
import io.quartet.model.TokenShards;
import java.util.AbstractList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.RandomAccess;

/**
 * Rated answers in token shards, a document for each set: every sequence after its length. The
 * ratings are held, so that a set needs a few bytes of memory however long its answers are.
 */
final class RatedShards extends AbstractList<RatedAnswers> implements RandomAccess {
  /** The shards' vocabulary: a length may be higher than any token is. */
  static final int NUMBERS = Integer.MAX_VALUE;

  private final TokenShards shards;
  private final List<double[]> ratings;

  /**
   * @param ratings of each document of the shards
   */
  RatedShards(TokenShards shards, List<double[]> ratings) {
    this.shards = shards;
    this.ratings = ratings;
  }

  /** Writes a set as the next document. */
  static void write(TokenShardWriter writer, RatedAnswers set) {
    for (int[] sequence : set.sequences()) {
      writer.add(sequence.length);
      writer.add(sequence);
    }
    writer.endDocument();
  }

  @Override
  public RatedAnswers get(int index) {
    int[] document = shards.document(index);
    List<int[]> sequences = new ArrayList<>();
    for (int from = 0; from < document.length; from += 1 + document[from]) {
      sequences.add(Arrays.copyOfRange(document, from + 1, from + 1 + document[from]));
    }
    return new RatedAnswers(sequences, ratings.get(index));
  }

  @Override
  public int size() {
    return ratings.size();
  }
}
