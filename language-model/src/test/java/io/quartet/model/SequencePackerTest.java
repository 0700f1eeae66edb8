package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.model.PackedBatch.LastToken;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SequencePackerTest {
  private static final List<Integer> CHAT_LENGTHS = chatLengths();

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

  @ParameterizedTest
  @CsvSource({
    "985, 4, 128, .99",
    "985, 8, 128, .99",
    "985, 16, 128, .99",
    "985, 4, 256, .99",
    "985, 8, 256, .99",
    "985, 16, 256, .99",
    "985, 4, 512, .99",
    "985, 8, 512, .99",
    "985, 16, 512, .99",
    "100, 4, 128, .98",
    "100, 8, 128, .98",
    "100, 8, 256, .98",
    "100, 8, 512, .98",
  })
  void noBatchOfConversationsWastesPlaces(int chats, int rows, int length, double mean) {
    var sampler = new BatchSampler(epoch -> conversations(chats, epoch), rows, length);

    double[] filled =
        IntStream.range(0, 1000)
            .mapToDouble(i -> sampler.next().realTokens() / (double) (rows * length))
            .toArray();

    assertThat(Arrays.stream(filled).min().orElseThrow()).isGreaterThanOrEqualTo(.97);
    assertThat(Arrays.stream(filled).average().orElseThrow()).isGreaterThan(mean);
  }

  @Test
  void onlyTheLastBatchOfOneEpochMayWastePlaces() {
    var packer = new SequencePacker(conversations(985, 0), 8, 256);

    List<Integer> filled = new ArrayList<>();
    packer.forEachRemaining(batch -> filled.add(batch.realTokens()));

    assertThat(filled.subList(0, filled.size() - 1)).allMatch(real -> real >= .97 * 8 * 256);
  }

  @Test
  void whatFillsNoRowHasItsTurnAsWell() {
    int[] lengths = {65, 40, 64, 46}; // tokens; no two fit into a row of 64
    var sampler =
        new BatchSampler(
            epoch ->
                IntStream.range(0, 40)
                    .mapToObj(
                        i -> TokenSequence.document(IntStream.range(0, lengths[i % 4]).toArray()))
                    .iterator(),
            4,
            64);

    long[] drawn = new long[66];
    for (int i = 0; i < 1000; i++) {
      sampler.next().spans().forEach(span -> drawn[span.length() + 1]++);
    }

    long most = Arrays.stream(drawn).max().orElseThrow();
    assertThat(IntStream.of(lengths).mapToLong(length -> drawn[length]))
        .allMatch(count -> count > .9 * most);
  }

  @Test
  void anotherEpochIsPackedInAnotherOrder() {
    var first = new SequencePacker(conversations(985, 0), 8, 256).next();
    var second = new SequencePacker(conversations(985, 1), 8, 256).next();

    assertThat(lengths(first)).isNotEqualTo(lengths(second));
  }

  private static List<Integer> lengths(PackedBatch batch) {
    return batch.spans().stream().map(PackedBatch.Span::length).toList();
  }

  /**
   * Sequences as long as the chats of LLaMA-Factory's {@code alpaca_en_demo.json} in tokens of a
   * vocabulary of 4,096 that was learned from their answers.
   */
  private static Iterator<TokenSequence> conversations(int chats, int epoch) {
    List<Integer> lengths = new ArrayList<>(CHAT_LENGTHS.subList(0, chats));
    Collections.shuffle(lengths, new Random(epoch));
    return lengths.stream()
        .map(tokens -> TokenSequence.document(IntStream.range(0, tokens).toArray()))
        .iterator();
  }

  private static List<Integer> chatLengths() {
    try (var lines =
        new BufferedReader(
            new InputStreamReader(
                Objects.requireNonNull(
                    SequencePackerTest.class.getResourceAsStream("/alpaca-lengths.txt")),
                StandardCharsets.UTF_8))) {
      return lines.lines().map(Integer::valueOf).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
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
