package io.quartet.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.datasets.GoldScore;
import io.quartet.datasets.LessonSettings;
import io.quartet.datasets.Question;
import io.quartet.datasets.Split;
import io.quartet.datasets.Task;
import io.quartet.datasets.WordNetLessons;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswerSamplerTest {
  private static final WordNetLessons LESSONS = new WordNetLessons(LessonSettings.mixed(24, 3));

  private static final Question PERSON =
      new Question(LESSONS.word("person").orElseThrow(), Task.DEFINE, 0);

  @TempDir static Path folder;

  private static Tokenizer tokenizer;
  private static DecoderEngine random;
  private static DecoderEngine reciting;

  @BeforeAll
  static void writeModels() throws IOException {
    var vocabulary = new BpeTrainer(600).train(LESSONS.tokenizerTexts(), LESSONS.headwordBoosts());
    for (String name : List.of("random", "reciting")) {
      Files.createDirectories(folder.resolve(name));
      TokenizerFiles.write(folder.resolve(name), vocabulary);
    }
    tokenizer = Tokenizer.load(folder.resolve("random"));
    BigramModel.random(tokenizer, 1).write(folder.resolve("random"));
    BigramModel.reciting(
            tokenizer,
            List.of(
                tokenizer.encodeWithSpecials("<|assistant|> it means a human being.<|end|>"),
                tokenizer.encodeWithSpecials("? it")))
        .write(folder.resolve("reciting"));
    random = DecoderEngine.open(folder.resolve("random"), new DecoderOptions(8, 1));
    reciting = DecoderEngine.open(folder.resolve("reciting"), new DecoderOptions(8, 1));
  }

  @AfterAll
  static void close() {
    random.close();
    reciting.close();
    tokenizer.close();
  }

  @Test
  void anAnswerCarriesItsQuestionItsTokensAndItsScore() {
    int[] answerIds = tokenizer.encodeWithSpecials(" it means a human being.<|end|>");
    assertThat(new AnswerSampler(reciting, tokenizer, 24).chat(List.of(PERSON), 1, 0, 1))
        .containsExactly(
            new ScoredAnswer(
                "person",
                "define/person/0",
                new ChatTemplate(tokenizer).prompt(PERSON.conversation()),
                answerIds,
                "it means a human being.",
                true,
                new GoldScore(0, 0, 0, 1, 1)));
  }

  @Test
  void anAnswerAsLongAsItMayBeHasNotEnded() {
    assertThat(new AnswerSampler(reciting, tokenizer, 2).chat(List.of(PERSON), 1, 0, 1))
        .extracting(ScoredAnswer::answer, ScoredAnswer::ended)
        .containsExactly(tuple("it means", false));
  }

  @Test
  void aFewShotAnswerEndsWithItsDocumentNotWithATurn() {
    ScoredAnswer answer =
        new AnswerSampler(reciting, tokenizer, 24)
            .fewShot(LESSONS, List.of(PERSON), 1, 0, 1)
            .get(0);
    assertThat(answer.answer()).isEqualTo("it means a human being.");
    assertThat(answer.ended()).isFalse();
    assertThat(tokenizer.decode(answer.promptIds())).isEqualTo(LESSONS.fewShotPrompt(PERSON));
  }

  @Test
  void theSameSeedGivesTheSameAnswersAndAnotherSeedOthers() {
    List<ScoredAnswer> answers = sample(5);
    assertThat(sample(5)).isEqualTo(answers);
    assertThat(sample(6)).isNotEqualTo(answers);
  }

  @Test
  void heldOutAnswersAreSeveralDifferentOnesAboutEveryHeldOutWord() {
    List<ScoredAnswer> answers = sample(5);
    List<String> words =
        LESSONS.words(Split.C).stream()
            .flatMap(word -> List.of(word.lemma(), word.lemma(), word.lemma()).stream())
            .toList();
    assertThat(answers).extracting(ScoredAnswer::word).isEqualTo(words);
    assertThat(answers).extracting(ScoredAnswer::answer).doesNotHaveDuplicates();
  }

  @Test
  void recallIsTheShareOfGlossesThatComeWordByWord() {
    GlossRecall recall = GlossRecall.measure(reciting, tokenizer, LESSONS.words());
    assertThat(recall.exact()).isEqualTo(1.0 / 24);
    assertThat(recall.recitals().get(0))
        .isEqualTo(new GlossRecall.Recital(LESSONS.words().get(0), "a human being"));
    assertThat(recall.tokenF1()).isBetween(1.0 / 24, 0.5);
  }

  private static List<ScoredAnswer> sample(long seed) {
    return HeldOutAnswers.sample(random, tokenizer, LESSONS, 3, 1, 12, seed);
  }
}
