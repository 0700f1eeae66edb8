package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.model.PackedBatch.LastToken;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SequencePackerTest {
  @Test
  void targetsAreTheNextTokensOfTheSameSequence() {
    var sequences = List.of(TokenSequence.document(1, 2, 3), TokenSequence.document(4, 5));

    PackedBatch batch = PackedBatch.pack(sequences, 6, LastToken.READ);

    assertThat(batch.tokens()).isDeepEqualTo(new long[][] {{1, 2, 3, 4, 5}});
    assertThat(batch.targets()).isDeepEqualTo(new long[][] {{2, 3, -1, 5, -1}});
    assertThat(batch.documents()).isDeepEqualTo(new long[][] {{0, 0, 0, 1, 1}});
    assertThat(batch.positions()).isDeepEqualTo(new long[][] {{0, 1, 2, 0, 1}});
    assertThat(batch.weights()).isDeepEqualTo(new float[][] {{1, 1, 0, 1, 0}});
    assertThat(batch.targetRows()).containsExactly(0, 1, 3);
    assertThat(batch.lastRows()).containsExactly(2, 4);
  }

  @Test
  void onlyTheAnswerIsTrained() {
    var answer = TokenSequence.answer(new int[] {1, 2}, new int[] {3, 4});

    PackedBatch batch = PackedBatch.pack(List.of(answer), 6, LastToken.PREDICTED);

    assertThat(batch.tokens()).isDeepEqualTo(new long[][] {{1, 2, 3}});
    assertThat(batch.targets()).isDeepEqualTo(new long[][] {{-1, 3, 4}});
  }

  @Test
  void everyTargetOfALongDocumentIsTrainedOnce() {
    int[] tokens = IntStream.range(0, 25).toArray();
    var packer = new SequencePacker(List.of(TokenSequence.document(tokens)).iterator(), 2, 8);

    var targets = new ArrayList<Long>();
    packer.forEachRemaining(
        batch ->
            Arrays.stream(batch.targets())
                .flatMapToLong(Arrays::stream)
                .filter(target -> target >= 0)
                .forEach(targets::add));

    assertThat(targets)
        .containsExactlyElementsOf(IntStream.range(1, 25).mapToObj(i -> (long) i).toList());
  }

  @Test
  void fewPlacesAreWasted() {
    var sampler = new BatchSampler(epoch -> Tiny.documents(500, epoch).iterator(), 8, 128);

    int real = 0;
    for (int i = 0; i < 50; i++) {
      real += sampler.next().realTokens();
    }

    assertThat(real / (50.0 * 8 * 128)).isGreaterThan(0.97);
  }

  @Test
  void samplerGoesOnWhereAnotherStood() {
    var first = new BatchSampler(epoch -> Tiny.documents(30, epoch).iterator(), 2, 32);
    for (int i = 0; i < 20; i++) {
      first.next();
    }

    var second = new BatchSampler(epoch -> Tiny.documents(30, epoch).iterator(), 2, 32);
    second.skipTo(first.drawn());

    assertThat(second.next().tokens()).isDeepEqualTo(first.next().tokens());
  }

  @Test
  void splitKeepsRowsInOrder() {
    PackedBatch batch = PackedBatch.pack(Tiny.documents(30, 1), 24, LastToken.PREDICTED);

    List<PackedBatch> parts = batch.split(3);

    assertThat(parts.stream().flatMap(part -> Arrays.stream(part.tokens())).toArray(long[][]::new))
        .isDeepEqualTo(batch.tokens());
    assertThat(parts.stream().mapToInt(PackedBatch::realTokens).sum())
        .isEqualTo(batch.realTokens());
    assertThat(parts.get(1).spans()).allMatch(span -> span.row() < parts.get(1).rows());
  }
}
