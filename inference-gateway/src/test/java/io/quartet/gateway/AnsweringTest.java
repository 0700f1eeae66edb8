package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.OpenTelemetry;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.Priority;
import io.quartet.decoder.ScoredToken;
import io.quartet.gateway.access.Caller;
import io.quartet.v1.FinishReason;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.Usage;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a question is counted and charged for. */
@org.junit.jupiter.api.Timeout(60)
class AnsweringTest extends CatalogFixture {
  private static final int QUOTA = 100;
  private static final SamplingParameters ONE_TOKEN =
      SamplingParameters.newBuilder().setTemperature(0).setMaxTokens(1).build();

  @TempDir Path keys;
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private final Answering answering =
      new Answering(
          catalog,
          new GatewayMetrics(registry),
          new AnswerSpans(OpenTelemetry.noop().getTracer("test")),
          new Intake(1 << 20),
          Runnable::run);

  @Test
  void aPromptCountsOnceHoweverManySamplesItHas() throws Exception {
    serve("rl/r/1", 1);
    Caller caller = MeteredKey.allowing(QUOTA, keys);

    List<FinishReason> reasons = answers(4, question(Urgency.USUAL, 2, 20, 10), caller);

    assertThat(reasons).hasSize(4).containsOnly(FinishReason.FINISH_REASON_LENGTH);
    assertThat(counted("prompt.tokens")).isEqualTo(20 + 10);
    assertThat(counted("generation.tokens")).isEqualTo(4);
    assertUsed(caller, 20 + 10 + 4);
  }

  @Test
  void aPromptThatNobodyReadCountsForNothing() throws Exception {
    serve("rl/r/1", 1);
    Caller caller = MeteredKey.allowing(QUOTA, keys);

    List<FinishReason> reasons = answers(1, question(within(Duration.ZERO), 1, 20), caller);

    assertThat(reasons).containsExactly(FinishReason.FINISH_REASON_TIME_LIMIT);
    assertThat(counted("prompt.tokens")).isZero();
    assertThat(registry.get("quartet.gateway.queue.time").timer().count()).isEqualTo(1);
    assertThat(registry.find("quartet.gateway.prefill.time").timer()).isNull();
    assertThat(registry.find("quartet.gateway.decode.time").timer()).isNull();
    assertUsed(caller, 0);
  }

  @Test
  @org.junit.jupiter.api.Timeout(10)
  void nobodyWaitsForAModelLongerThanTheAnswerMayTake() {
    announce("rl/r/1", 1); // and nobody loads it
    Question question = question(within(Duration.ofMillis(50)), 1, 20);

    assertThatThrownBy(() -> answers(1, question, Caller.ANYBODY))
        .hasMessage("model 'rl/r/1': rl/r/1 is not loaded yet");
  }

  @Test
  void onlyARequestThatIsWrongCountsAsWrong() {
    refuse(new IllegalStateException("a bug"));
    refuse(new WrongQuestion("wrong") {});
    refuse(new WrongQuestion("wrong too") {});
    refuse(new QuartetException(ErrorCode.UNAVAILABLE, "not now"));

    assertThat(outcomes("INTERNAL")).isEqualTo(1);
    assertThat(outcomes("INVALID_ARGUMENT")).isEqualTo(2);
    assertThat(outcomes("UNAVAILABLE")).isEqualTo(1);
  }

  private void refuse(RuntimeException refusal) {
    assertThatThrownBy(
            () ->
                answering.read(
                    () -> {
                      throw refusal;
                    }))
        .isSameAs(refusal);
  }

  private double outcomes(String outcome) {
    return registry.get("quartet.gateway.requests").tag("outcome", outcome).counter().count();
  }

  private static Urgency within(Duration limit) {
    return new Urgency(Priority.INTERACTIVE, Optional.of(limit));
  }

  /** A question for one token after each of some prompts, of so many tokens. */
  private static Question question(Urgency urgency, int samples, int... prompts) {
    return new Question(
        "rl/r/1",
        model -> {
          List<int[]> tokens = new ArrayList<>();
          for (int length : prompts) {
            tokens.add(model.textPrompt("a".repeat(length)));
          }
          return tokens;
        },
        ONE_TOKEN,
        samples,
        false,
        false,
        urgency);
  }

  /** Why each answer ended. */
  private List<FinishReason> answers(int answers, Question question, Caller caller)
      throws Exception {
    List<Reader> readers = new ArrayList<>();
    for (int i = 0; i < answers; i++) {
      readers.add(new Reader());
    }
    answering.begin(question, terms(caller, answers), readers::get);
    List<FinishReason> reasons = new ArrayList<>();
    for (Reader reader : readers) {
      reasons.add(reader.end.get(20, SECONDS));
    }
    return reasons;
  }

  private static Terms terms(Caller caller, int answers) {
    return new Terms(caller, Terms.COMPLETION, 30, answers, Optional.empty(), OptionalLong.empty());
  }

  private double counted(String name) {
    return registry.get("quartet.gateway." + name).counter().count();
  }

  private static void assertUsed(Caller caller, int tokens) {
    assertThatCode(() -> caller.charge(QUOTA - tokens)).doesNotThrowAnyException();
    assertThatThrownBy(() -> caller.charge(1)).isInstanceOf(QuartetException.class);
  }

  /** Only wants to know why it ends. */
  private static final class Reader implements AnswerSink {
    final CompletableFuture<FinishReason> end = new CompletableFuture<>();

    @Override
    public void connect(Runnable wake, Runnable cancel) {}

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public void begin(Beginning beginning) {}

    @Override
    public void prompt(List<ScoredToken> tokens) {}

    @Override
    public void part(String text, List<ScoredToken> tokens) {}

    @Override
    public void end(FinishReason reason, Usage usage) {
      end.complete(reason);
    }

    @Override
    public void fail(QuartetException failure) {
      end.completeExceptionally(failure);
    }
  }
}
