package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.model.PackedBatch.LastToken;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

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

  /**
   * Lengths as those of a thousand real instructions with their answers (log-normal, a mean of 210
   * tokens, some over 800); real ones fill .990, .995 and .998.
   */
  @ParameterizedTest
  @CsvSource({"128, .98", "256, .99", "512, .99"})
  void fewPlacesAreWastedOnConversations(int length, double least) {
    var sampler = new BatchSampler(SequencePackerTest::conversations, 8, length);

    int real = 0;
    for (int i = 0; i < 100; i++) {
      real += sampler.next().realTokens();
    }

    assertThat(real / (100.0 * 8 * length)).isGreaterThan(least);
  }

  private static Iterator<TokenSequence> conversations(int epoch) {
    var random = new Random(epoch);
    return IntStream.range(0, 1000)
        .mapToObj(i -> (int) Math.max(8, Math.exp(5.1 + 0.7 * random.nextGaussian())))
        .map(tokens -> TokenSequence.document(IntStream.range(0, tokens).toArray()))
        .iterator();
  }

  @Test
  void everySequenceIsPackedOnceWhateverTheLengths() {
    for (int trial = 0; trial < 50; trial++) {
      var random = new Random(trial);
      int length = 2 + random.nextInt(60);
      List<Integer> tokens = new ArrayList<>();
      List<TokenSequence> sequences = new ArrayList<>();
      int id = 0;
      for (int i = 0; i < random.nextInt(400); i++) {
        int size = 2 + random.nextInt(2 * length);
        int from = id;
        sequences.add(TokenSequence.document(IntStream.range(from, from + size).toArray()));
        IntStream.range(from + 1, from + size).forEach(tokens::add); // the targets
        id += size;
      }

      var packer = new SequencePacker(sequences.iterator(), 3, length);
      List<Integer> packed = new ArrayList<>();
      packer.forEachRemaining(
          batch ->
              Arrays.stream(batch.targets())
                  .flatMapToLong(Arrays::stream)
                  .filter(target -> target >= 0)
                  .forEach(target -> packed.add((int) target)));

      assertThat(packed).containsExactlyInAnyOrderElementsOf(tokens);
    }
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
