package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.BpeVocabulary;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.decoder.FinishReason;
import io.quartet.decoder.Generation;
import io.quartet.decoder.ScoredToken;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.Usage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An answer keeps to its reader's pace, one step of work at a time. */
class AnswerTest {
  @TempDir Path directory;
  Tokenizer tokenizer;
  final Queue<Runnable> work = new ArrayDeque<>();
  final Reader reader = new Reader();
  Answer answer;

  @BeforeEach
  void anAnswerToSomebody() {
    TokenizerFiles.write(
        directory, new BpeTrainer(BpeVocabulary.FIRST_MERGE).train(List.of("a"), Map.of()));
    tokenizer = Tokenizer.load(directory);
    answer =
        new Answer(
            reader,
            new AnswerSink.Beginning(
                "sft/talk/1", SamplingParameters.getDefaultInstance(), new int[1], tokenizer),
            new AnswerText(tokenizer, List.of(), false),
            new Uncounted(),
            work::add);
  }

  private Answer scored(int promptTokens) {
    var knobs = SamplingParameters.newBuilder().setPromptLogProbs(true).build();
    return new Answer(
        reader,
        new AnswerSink.Beginning("sft/talk/1", knobs, new int[promptTokens], tokenizer),
        new AnswerText(tokenizer, List.of(), false),
        new Uncounted(),
        work::add);
  }

  @AfterEach
  void free() {
    tokenizer.close();
  }

  @Test
  void whatAReaderDoesNotTakeWaitsUntilItIsReadyAndComesTogether() {
    reader.ready = false;
    say("a");
    say("b");
    finish();
    assertThat(reader.seen).isEmpty();

    reader.ready = true;
    answer.readerReady();
    runAll();

    assertThat(reader.seen).containsExactly("begin", "ab", "FINISH_REASON_STOP, 2 tokens");
  }

  @Test
  void whatHasWaitedComesInPiecesOfAModerateSize() {
    var twenty = Collections.nCopies(20, new ScoredToken.Alternative(8, -2));
    reader.ready = false;
    for (int i = 0; i < 400; i++) {
      answer.token(new ScoredToken(tokenizer.encode("a")[0], -1, twenty));
    }
    finish();

    reader.ready = true;
    answer.readerReady();
    runAll();

    assertThat(reader.sizes).containsExactly(195, 195, 10); // 4096 tokens and alternatives
    assertThat(reader.seen)
        .containsExactly("begin", "a".repeat(400), "", "", "FINISH_REASON_STOP, 400 tokens");
  }

  @Test
  void aReaderIsAskedBeforeEveryPiece() {
    answer = scored(5001);
    reader.whenAsked = () -> reader.ready = false;
    answer.prompt(Collections.nCopies(5000, new ScoredToken(7, -1, List.of())));
    finish();
    assertThat(reader.seen).containsExactly("begin", "4096 scored");

    reader.ready = true;
    answer.readerReady();
    runAll();

    assertThat(reader.seen)
        .containsExactly("begin", "4096 scored", "904 scored", "FINISH_REASON_STOP, 0 tokens");
  }

  @Test
  void aReaderWhoIsReadyAndHasEverythingWakesNobody() {
    answer.readerReady();
    assertThat(work).isEmpty();

    say("a");
    answer.readerReady();

    assertThat(work).isEmpty();
    assertThat(reader.seen).containsExactly("begin", "a");
  }

  @Test
  void aReaderWhoBecomesReadyWhileItIsAskedIsNotForgotten() {
    reader.ready = false;
    reader.whenAsked = answer::readerReady;
    say("a");
    assertThat(reader.seen).isEmpty();

    reader.ready = true;
    reader.whenAsked = () -> {};
    runAll();

    assertThat(reader.seen).containsExactly("begin", "a");
  }

  @Test
  void aReaderWhoLeavesIsSentNothingMore() {
    reader.ready = false;
    say("a");
    answer.cancel();
    reader.ready = true;
    answer.readerReady();
    finish();

    assertThat(reader.seen).isEmpty();
  }

  @Test
  void aScoreThatIsNotThereInTimeIsAFailureAndNotNothing() {
    answer = scored(2);
    finish(FinishReason.TIME_LIMIT);

    assertThat(reader.seen).containsExactly("the prompt was not scored in time");
  }

  @Test
  void whatIsScoredInTimeIsTold() {
    answer = scored(2);
    answer.prompt(List.of(new ScoredToken(7, -1, List.of())));
    finish(FinishReason.TIME_LIMIT);

    assertThat(reader.seen)
        .containsExactly("begin", "1 scored", "FINISH_REASON_TIME_LIMIT, 0 tokens");
  }

  @Test
  void aPromptOfOneTokenHasNoScoreToMiss() {
    answer = scored(1);
    finish(FinishReason.TIME_LIMIT);

    assertThat(reader.seen).containsExactly("begin", "FINISH_REASON_TIME_LIMIT, 0 tokens");
  }

  private void say(String character) {
    for (int id : tokenizer.encode(character)) {
      answer.token(new ScoredToken(id, -1, List.of()));
    }
    work.remove().run();
  }

  private void finish() {
    finish(FinishReason.STOP);
  }

  private void finish(FinishReason reason) {
    var effort = new Generation.Effort(Duration.ZERO, Optional.empty(), Optional.empty(), 0);
    answer.finished(new Generation(List.of(), List.of(), reason, "sft/talk/1", effort));
    runAll();
  }

  private void runAll() {
    while (!work.isEmpty()) {
      work.remove().run();
    }
  }

  /** Takes what comes while it is ready. */
  private static final class Reader implements AnswerSink {
    final List<String> seen = new ArrayList<>();
    final List<Integer> sizes = new ArrayList<>();
    boolean ready = true;
    Runnable whenAsked = () -> {};

    @Override
    public void connect(Runnable wake, Runnable cancel) {}

    @Override
    public boolean ready() {
      boolean now = ready;
      whenAsked.run();
      return now;
    }

    @Override
    public void begin(Beginning beginning) {
      seen.add("begin");
    }

    @Override
    public void prompt(List<ScoredToken> tokens) {
      seen.add(tokens.size() + " scored");
    }

    @Override
    public void part(String text, List<ScoredToken> tokens) {
      seen.add(text);
      sizes.add(tokens.size());
    }

    @Override
    public void end(io.quartet.v1.FinishReason reason, Usage usage) {
      seen.add("%s, %d tokens".formatted(reason, usage.getCompletionTokens()));
    }

    @Override
    public void fail(QuartetException failure) {
      seen.add(failure.getMessage());
    }
  }

  private static final class Uncounted implements Progress {
    @Override
    public void refused(ErrorCode code) {}

    @Override
    public void prompt(List<ScoredToken> prompt) {}

    @Override
    public void token(ScoredToken token) {}

    @Override
    public void firstToken() {}

    @Override
    public void decoded(String outcome, int completionTokens, Generation.@Nullable Effort effort) {}

    @Override
    public void sent(List<ScoredToken> tokens) {}

    @Override
    public void taken() {}

    @Override
    public void readerGone() {}
  }
}
