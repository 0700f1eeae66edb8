package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.decoder.Generation;
import io.quartet.decoder.ScoredToken;
import io.quartet.v1.FinishReason;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.Usage;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class UnreadTest extends CatalogFixture {
  private static final int ANSWER = 64; // what one takes beside its tokens
  private static final long TOKENS = 100 + 2 * ANSWER;
  private static final long HEAP = TOKENS * 4 * 32;

  private final Unread unread = new Unread(HEAP);

  @Test
  void whatReadersHoldTogetherIsBounded() {
    Unread.Share slow = unread.share(0);
    slow.came(plain(60));
    unread.share(0).came(plain(40));
    assertThatCode(unread::requireRoom).doesNotThrowAnyException();

    slow.came(plain(1));

    assertThatThrownBy(unread::requireRoom)
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED);
              assertThat(e.retryAfter()).contains(Duration.ofSeconds(1));
            })
        .hasMessage("readers have 229 tokens still to take, expected at most 228; try again later");
    slow.sent(plain(1));
    assertThatThrownBy(unread::requireRoom).isInstanceOf(QuartetException.class);
    slow.taken();
    assertThatCode(unread::requireRoom).doesNotThrowAnyException();
  }

  @Test
  void alternativesCountLikeTokens() {
    unread.share(0).came(Collections.nCopies(8, token(20)));

    assertThatThrownBy(unread::requireRoom).hasMessageStartingWith("readers have 232 tokens");
  }

  @Test
  void anAnswerCountsWithTheEchoOfItsPromptUntilTheCallIsOver() {
    Unread.Share echoing = unread.share(165);
    assertThatThrownBy(unread::requireRoom).hasMessageStartingWith("readers have 229 tokens");

    echoing.taken();
    assertThat(unread.tokens()).isEqualTo(229);
    echoing.end();

    assertThat(unread.tokens()).isZero();
  }

  @Test
  void fiveHundredSlowReadersFitIntoHalfAGigabyte() {
    var large = new Unread(512L << 20);
    for (int i = 0; i < 500; i++) {
      large.share(0).came(Collections.nCopies(256, token(20)));
    }

    assertThatCode(large::requireRoom).doesNotThrowAnyException();
  }

  @Test
  void anAnswerThatHasEndedCountsUntilItsReaderTakesIt() {
    var reader = new Reader();
    Answer answer = answer(reader);
    plain(165).forEach(answer::token);
    answer.finished(generation());
    assertThatThrownBy(unread::requireRoom).hasMessageStartingWith("readers have 229 tokens");

    reader.ready = true;
    answer.readerReady();
    assertThat(reader.given).hasSize(165);
    assertThat(unread.tokens()).as("until the network has it all").isEqualTo(229);
    answer.cancel();

    assertThat(unread.tokens()).isZero();
  }

  @Test
  void whatAReaderTookCountsNoMoreWhileItsAnswerGrows() {
    var reader = new Reader();
    reader.ready = true;
    Answer answer = answer(reader);

    plain(165).forEach(answer::token);

    assertThat(unread.tokens()).isEqualTo(ANSWER + 1);
  }

  @Test
  void whatIsKeptForAWholeAnswerCountsUntilTheEndOfTheCall() {
    var reader = new Reader();
    reader.ready = true;
    reader.keeps = true;
    Answer answer = answer(reader);

    plain(165).forEach(answer::token);
    answer.finished(generation());

    assertThat(unread.tokens()).isEqualTo(229);
    answer.cancel();
    assertThat(unread.tokens()).isZero();
  }

  @Test
  void whoLeavesHasNothingMoreToTake() {
    Answer answer = answer(new Reader());
    plain(165).forEach(answer::token);

    answer.cancel();
    answer.token(token(0));

    assertThatCode(unread::requireRoom).doesNotThrowAnyException();
  }

  private Answer answer(AnswerSink reader) {
    var tokenizer = Tokenizer.load(ScriptedModels.publish(store, "rl/r/1", "abc").directory());
    int[] prompt = {1};
    return new Answer(
        reader,
        new AnswerSink.Beginning(
            "rl/r/1", SamplingParameters.getDefaultInstance(), prompt, tokenizer),
        new AnswerText(tokenizer, List.of(), false),
        new Counting(unread.share(0)),
        Runnable::run);
  }

  private static Generation generation() {
    var effort = new Generation.Effort(Duration.ZERO, Optional.empty(), Optional.empty(), 0);
    return new Generation(
        List.of(), List.of(), io.quartet.decoder.FinishReason.LENGTH, "rl/r/1", effort);
  }

  private static List<ScoredToken> plain(int count) {
    return Collections.nCopies(count, token(0));
  }

  private static ScoredToken token(int alternatives) {
    return new ScoredToken(
        70, -1, Collections.nCopies(alternatives, new ScoredToken.Alternative(71, -2)));
  }

  /** Counts what is unread, and nothing else. */
  private record Counting(Unread.Share share) implements Progress {
    @Override
    public void refused(ErrorCode code) {}

    @Override
    public void prompt(List<ScoredToken> prompt) {
      share.came(prompt);
    }

    @Override
    public void token(ScoredToken token) {
      share.came(List.of(token));
    }

    @Override
    public void firstToken() {}

    @Override
    public void decoded(String outcome, int completionTokens, Generation.@Nullable Effort effort) {}

    @Override
    public void sent(List<ScoredToken> tokens) {
      share.sent(tokens);
    }

    @Override
    public void taken() {
      share.taken();
    }

    @Override
    public void readerGone() {
      share.end();
    }
  }

  private static final class Reader implements AnswerSink {
    private final List<ScoredToken> given = new ArrayList<>();
    private boolean ready;
    private boolean keeps;

    @Override
    public void connect(Runnable wake, Runnable cancel) {}

    @Override
    public boolean ready() {
      return ready;
    }

    @Override
    public boolean keeps() {
      return keeps;
    }

    @Override
    public void begin(Beginning beginning) {}

    @Override
    public void prompt(List<ScoredToken> tokens) {}

    @Override
    public void part(String text, List<ScoredToken> tokens) {
      given.addAll(tokens);
    }

    @Override
    public void end(FinishReason reason, Usage usage) {}

    @Override
    public void fail(QuartetException failure) {
      throw failure;
    }
  }
}
