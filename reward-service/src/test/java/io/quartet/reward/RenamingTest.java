package io.quartet.reward;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.datasets.PartOfSpeech;
import io.quartet.datasets.Split;
import io.quartet.datasets.Word;
import io.quartet.reward.LessonComparisons.Drawn;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RenamingTest {
  private static final List<Word> WORDS = List.of(word("river"), word("stone"), word("tree"));
  private static final String RIGHT = " what does river mean? river means a stone that flows.";
  private static final String WRONG = " what does river mean? it means nothing.";

  @TempDir Path folder;
  private Tokenizer tokenizer;

  @BeforeEach
  void train() {
    Map<String, Long> boosts = Map.of(" river", 1000L, " stone", 1000L, " tree", 1000L);
    TokenizerFiles.write(folder, new BpeTrainer(300).train(List.of(RIGHT, WRONG, " tree"), boosts));
    tokenizer = Tokenizer.load(folder);
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void theNameIsExchangedEverywhereAndTheRankingStays() {
    RatedAnswers renamed = drawn(1, WORDS);

    // "stone" is in an answer, so that only "tree" is left.
    assertThat(texts(renamed))
        .containsExactly(RIGHT.replace("river", "tree"), WRONG.replace("river", "tree"));
    assertThat(renamed.ratings()).containsExactly(1, 0.5);
  }

  @Test
  void nothingIsRenamedWithoutAShare() {
    assertThat(texts(drawn(0, WORDS))).containsExactly(RIGHT, WRONG);
  }

  @Test
  void aWordWithNoOtherNameToTakeKeepsItsOwn() {
    assertThat(texts(drawn(1, WORDS.subList(0, 2)))).containsExactly(RIGHT, WRONG);
  }

  @Test
  void aShareOfTheSetsIsRenamed() {
    ComparisonSource half = Renaming.among(WORDS, tokenizer, 0.5).of(random -> river());
    SplittableRandom random = new SplittableRandom(3);
    Set<String> seen = new TreeSet<>();
    int renamed = 0;
    for (int i = 0; i < 200; i++) {
      String text = texts(half.draw(random)).get(0);
      seen.add(text);
      renamed += text.equals(RIGHT) ? 0 : 1;
    }

    assertThat(seen).containsExactly(RIGHT, RIGHT.replace("river", "tree"));
    assertThat(renamed).isBetween(70, 100); // of 200 half, of which 4 draws find "tree" in 80 %
  }

  private RatedAnswers drawn(double share, List<Word> words) {
    return Renaming.among(words, tokenizer, share)
        .of(random -> river())
        .draw(new SplittableRandom(2));
  }

  private Drawn river() {
    return new Drawn(
        WORDS.get(0),
        new RatedAnswers(
            List.of(tokenizer.encode(RIGHT), tokenizer.encode(WRONG)), new double[] {1, 0.5}));
  }

  private List<String> texts(RatedAnswers set) {
    return set.sequences().stream().map(tokenizer::decode).toList();
  }

  private static Word word(String lemma) {
    return new Word(
        lemma,
        PartOfSpeech.NOUN,
        "a thing of its own",
        Optional.empty(),
        Optional.empty(),
        Optional.empty(),
        Split.A);
  }
}
