package io.quartet.base;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.model.LongDocuments;
import io.quartet.model.SequencePacker;
import io.quartet.model.TokenSequence;
import io.quartet.model.TokenShardWriter;
import io.quartet.model.TokenShards;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EpochRowsTest {
  private static final int LENGTH = 16;
  private static final TokenSequence OTHER = TokenSequence.document(7000, 7001, 7002);

  @TempDir private Path folder;

  @Test
  void rowsAreThoseOfBooksInMemoryMixedByTheSameGenerator() {
    int[][] documents = {range(0, 30), range(100, 400), range(500, 540), range(600, 1100)};
    TokenShards shards = write(documents);
    int[] order = {4, 0, 2, 1, 3};

    Iterator<TokenSequence> rows =
        new EpochRows(shards, LENGTH).of(order, 1, i -> OTHER, new Random(5));

    var random = new Random(5);
    List<TokenSequence> expected = new ArrayList<>();
    for (int i : order) {
      if (i == 0) {
        expected.add(OTHER);
      } else if (documents[i - 1].length > 4 * LENGTH) {
        expected.addAll(LongDocuments.pieces(documents[i - 1], LENGTH, 1 + random.nextInt(LENGTH)));
      } else {
        expected.add(TokenSequence.document(documents[i - 1]));
      }
    }
    Collections.shuffle(expected, random);
    assertThat(packed(rows)).isDeepEqualTo(packed(expected.iterator()));
  }

  @Test
  void onlyLongDocumentsAreBooks() {
    assertThat(new EpochRows(write(range(0, 64)), LENGTH).anyBook()).isFalse();
  }

  /** What a row looks like to the model. */
  private static long[][] packed(Iterator<TokenSequence> rows) {
    List<long[]> batches = new ArrayList<>();
    new SequencePacker(rows, 1, 600)
        .forEachRemaining(batch -> batches.addAll(Arrays.asList(batch.targets())));
    return batches.toArray(long[][]::new);
  }

  private TokenShards write(int[]... documents) {
    try (var writer = new TokenShardWriter(folder.resolve("shards"), 8000)) {
      for (int[] document : documents) {
        writer.add(document);
        writer.endDocument();
      }
    }
    return TokenShards.open(folder.resolve("shards"));
  }

  private static int[] range(int from, int to) {
    return IntStream.range(from, to).toArray();
  }
}
