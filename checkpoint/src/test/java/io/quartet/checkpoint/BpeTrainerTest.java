package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.BpeVocabulary.Merge;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class BpeTrainerTest {
  @Test
  void incrementalCountsLearnWhatCountingAnewLearns() {
    for (int seed = 0; seed < 20; seed++) {
      List<String> texts = Texts.words(new Random(seed), "abAé ", 400);

      BpeVocabulary vocabulary = new BpeTrainer(300).train(texts, Map.of("abba", 7L));

      assertThat(vocabulary.merges()).isEqualTo(countAnew(texts, Map.of("abba", 7L), 300));
    }
  }

  @Test
  void orderOfTheTextsDoesNotMatter() {
    List<String> texts = Texts.words(new Random(1), "abcdefgh ", 500);
    BpeVocabulary vocabulary = new BpeTrainer(320).train(texts, Map.of());

    Collections.shuffle(texts, new Random(2));

    assertThat(new BpeTrainer(320).train(texts, Map.of())).isEqualTo(vocabulary);
  }

  @Test
  void numberOfThreadsDoesNotMatter() {
    List<String> texts = Texts.words(new Random(5), "abcdefghijklmnop ", 300_000);

    BpeVocabulary alone = new BpeTrainer(1000, 1).train(texts, Map.of(" abc", 9L));

    assertThat(new BpeTrainer(1000, 4).train(texts, Map.of(" abc", 9L))).isEqualTo(alone);
  }

  @Test
  void failureToReadATextIsTheCallers() {
    Iterable<String> failing =
        () ->
            new Iterator<>() {
              @Override
              public boolean hasNext() {
                return true;
              }

              @Override
              public String next() {
                throw new QuartetException(ErrorCode.INVALID_ARGUMENT, "a.jsonl:3: not JSON");
              }
            };

    assertFails(
        () -> new BpeTrainer(300).train(failing, Map.of()),
        ErrorCode.INVALID_ARGUMENT,
        "a.jsonl:3: not JSON");
  }

  @Test
  void equallyFrequentPairsMergeByTokenIds() {
    BpeVocabulary vocabulary = new BpeTrainer(264).train(List.of("ba ba", "dc dc"), Map.of());

    assertThat(vocabulary.merges().stream().map(BpeTrainerTest::spell)).containsExactly("ba", "dc");
  }

  @Test
  void pairThatComesOnceIsNoToken() {
    BpeVocabulary vocabulary = new BpeTrainer(1000).train(List.of("abc xyz"), Map.of());

    assertThat(vocabulary.size()).isEqualTo(BpeVocabulary.FIRST_MERGE);
  }

  @Test
  void boostedWordsBecomeSingleTokens() {
    List<String> texts = Texts.words(new Random(3), "abcdefghijklmnopqrstuvwxyz ", 20_000);
    Map<String, Long> boosts = new HashMap<>();
    List.of(" unfamiliar", " zymurgy", " quartet").forEach(word -> boosts.put(word, 10_000L));

    BpeVocabulary vocabulary = new BpeTrainer(600).train(texts, boosts);

    assertThat(vocabulary.tokenBytes().stream().map(t -> new String(t, StandardCharsets.UTF_8)))
        .containsAll(boosts.keySet());
  }

  @Test
  void vocabularyWithoutRoomForTheBytesIsRefused() {
    assertFails(
        () -> new BpeTrainer(261),
        ErrorCode.INVALID_ARGUMENT,
        "vocabulary 261, expected at least 262: 6 special tokens and 256 bytes");
    assertFails(
        () -> new BpeVocabulary(List.of(new Merge(6, 262))),
        ErrorCode.INVALID_ARGUMENT,
        "merge 0 joins tokens 6 and 262, expected 6 to 261");
    assertFails(
        () -> new BpeVocabulary(List.of(new Merge(4, 7))),
        ErrorCode.INVALID_ARGUMENT,
        "merge 0 joins tokens 4 and 7");
  }

  @Test
  void megabyteTrainsInSeconds() {
    List<String> texts = List.of(Texts.zipf(new Random(4), 20_000, 1 << 20));

    long begin = System.nanoTime();
    BpeVocabulary vocabulary = new BpeTrainer(4096).train(texts, Map.of());
    Duration duration = Duration.ofNanos(System.nanoTime() - begin);

    assertThat(vocabulary.size()).isEqualTo(4096);
    // About half a second alone on two cores; the bound only has to tell it from counting anew.
    assertThat(duration).isLessThan(Duration.ofSeconds(15));
  }

  /** The textbook: count every pair, merge the best, begin again. */
  private static List<Merge> countAnew(List<String> texts, Map<String, Long> boosts, int size) {
    Map<String, Long> pieces = new TreeMap<>();
    texts.forEach(t -> PreTokenizer.split(t, piece -> pieces.merge(piece, 1L, Long::sum)));
    boosts.forEach((t, n) -> PreTokenizer.split(t, piece -> pieces.merge(piece, n, Long::sum)));
    Map<List<Integer>, Long> words = new HashMap<>();
    pieces.forEach(
        (piece, count) -> {
          List<Integer> word = new ArrayList<>();
          for (byte b : piece.getBytes(StandardCharsets.UTF_8)) {
            word.add(BpeVocabulary.FIRST_BYTE + (b & 0xff));
          }
          words.merge(word, count, Long::sum);
        });
    List<Merge> merges = new ArrayList<>();
    while (BpeVocabulary.FIRST_MERGE + merges.size() < size) {
      Map<Merge, Long> counts = new HashMap<>();
      words.forEach(
          (word, count) -> {
            for (int i = 0; i + 1 < word.size(); i++) {
              counts.merge(new Merge(word.get(i), word.get(i + 1)), count, Long::sum);
            }
          });
      Map.Entry<Merge, Long> best =
          counts.entrySet().stream()
              .min(
                  Map.Entry.<Merge, Long>comparingByValue(Comparator.reverseOrder())
                      .thenComparing(e -> e.getKey().left())
                      .thenComparing(e -> e.getKey().right()))
              .orElse(null);
      if (best == null || best.getValue() < 2) {
        break;
      }
      int merged = BpeVocabulary.FIRST_MERGE + merges.size();
      merges.add(best.getKey());
      Map<List<Integer>, Long> rewritten = new HashMap<>();
      words.forEach(
          (word, count) ->
              rewritten.merge(ReferenceBpe.merge(word, best.getKey(), merged), count, Long::sum));
      words.clear();
      words.putAll(rewritten);
    }
    return merges;
  }

  private static String spell(Merge merge) {
    return new String(
        new char[] {
          (char) (merge.left() - BpeVocabulary.FIRST_BYTE),
          (char) (merge.right() - BpeVocabulary.FIRST_BYTE)
        });
  }
}
