package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.CANCELLED;
import static io.quartet.checkpoint.ErrorCode.INTERNAL;
import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.GenerationHandle;
import io.quartet.decoder.GenerationRequest;
import io.quartet.decoder.Priority;
import io.quartet.gateway.access.Caller;
import io.quartet.v1.SamplingParameters;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/** The one way from a question to its answers, behind every API. */
public final class Answering {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final ModelCatalog catalog;
  private final GatewayMetrics metrics;
  private final AnswerSpans spans;
  private final Intake intake;
  private final Executor executor;

  /**
   * @param executor turns tokens into text and sends them
   */
  Answering(
      ModelCatalog catalog,
      GatewayMetrics metrics,
      AnswerSpans spans,
      Intake intake,
      Executor executor) {
    this.catalog = catalog;
    this.metrics = metrics;
    this.spans = spans;
    this.intake = intake;
    this.executor = executor;
    metrics.observe(intake.unread());
  }

  /**
   * Begins the answers and returns; the rest goes to the sinks. Whether there is room is decided
   * first, from the question's size.
   *
   * @param sinks gives the reader of each answer: first all samples of the first prompt
   * @throws QuartetException why there will be no answer; see {@link ModelCatalog#lease}, {@link
   *     Caller#charge} and {@link EffectiveSampling#of}; INVALID_ARGUMENT for a prompt that leaves
   *     no room in the context; RESOURCE_EXHAUSTED while too many bytes of others become tokens;
   *     UNAVAILABLE if the gateway is shutting down
   */
  public void begin(Question question, Terms terms, IntFunction<AnswerSink> sinks) {
    Admitted admitted;
    try {
      admitted = admit(question, terms, System.nanoTime());
    } catch (QuartetException e) {
      metrics.refused(id(question.model()), e.code());
      throw e;
    }
    try {
      begin(admitted, question, sinks);
    } catch (RuntimeException e) {
      admitted.withdraw();
      metrics.refused(admitted.model().checkpoint().id().toString(), code(e));
      throw e;
    }
  }

  /** Reads a request; one that is refused for what it says is counted. */
  public <T> T read(Supplier<T> reading) {
    try {
      return reading.get();
    } catch (RuntimeException e) {
      metrics.refused(code(e));
      throw e;
    }
  }

  /**
   * Lets a request's body come.
   *
   * @param bytes of it
   * @return to be run, once or more often, when it has been read
   * @throws QuartetException RESOURCE_EXHAUSTED while those of others are too many
   */
  public Runnable body(long bytes) {
    return read(() -> intake.bodies().enter(bytes));
  }

  /**
   * Reads a request that has to be parsed, as {@link #read(Supplier)}.
   *
   * @param bytes of the request
   * @throws QuartetException RESOURCE_EXHAUSTED while too many bytes of others are being parsed
   */
  public <T> T read(long bytes, Supplier<T> parsing) {
    return read(() -> intake.json().read(bytes, parsing));
  }

  /** What nobody throws on purpose is a bug. */
  private static ErrorCode code(RuntimeException refusal) {
    if (refusal instanceof QuartetException known) {
      return known.code();
    }
    return refusal instanceof WrongQuestion ? INVALID_ARGUMENT : INTERNAL;
  }

  /** The checkpoint that a name stands for, canaries apart; empty if there is none. */
  private String id(String model) {
    try {
      return catalog.get(model).getCheckpointId();
    } catch (QuartetException unknown) {
      return "";
    }
  }

  /**
   * Asks a model for what takes no decoder; one of the caller's requests, and none of its tokens.
   *
   * @param service for the metrics
   * @param model a stage's name or a checkpoint id
   * @param bytes of the request, which become tokens or come from them
   * @throws QuartetException as {@link #begin}, though the decoder may have any queue
   */
  <T> T with(String service, String model, long bytes, Function<ServedModel, T> work) {
    try {
      intake.requireOpen();
      Caller.current().charge(0);
      T answer = held(model, served -> intake.texts().read(bytes, () -> work.apply(served)));
      metrics.called(service, GatewayMetrics.OK);
      return answer;
    } catch (QuartetException e) {
      metrics.called(service, e.code().name());
      throw e;
    }
  }

  private <T> T held(String model, Function<ServedModel, T> work) {
    Duration patience = Terms.patience(Terms.grpcDeadline(), PATIENCE);
    ServedModel served = lease(model, Sticky.toNothing(), Demand.NOTHING, patience);
    try {
      return work.apply(served);
    } finally {
      served.letGo(1);
    }
  }

  private Admitted admit(Question question, Terms terms, long asked) {
    intake.requireOpen();
    Question.requireAnswers(terms.answers(), "answers to all prompts");
    intake.unread().requireRoom();
    SamplingParameters sampling = question.sampling();
    var maxTokens =
        sampling.hasMaxTokens() ? OptionalInt.of(sampling.getMaxTokens()) : OptionalInt.empty();
    Priority priority = terms.priority(question.urgency());
    var demand = new Demand(terms.answers(), terms.bytes(), maxTokens, priority);
    Duration patience = terms.patience(question.urgency(), PATIENCE);
    ServedModel model = lease(question.model(), sticky(question, terms), demand, patience);
    var admitted = new Admitted(model, terms, priority, model.tokensEach(demand), asked);
    try {
      admitted.charge();
    } catch (RuntimeException e) {
      admitted.leave();
      throw e;
    }
    return admitted;
  }

  private static Sticky sticky(Question question, Terms terms) {
    return terms
        .user()
        .map(user -> new Sticky(terms.caller().name() + "/" + user))
        .orElseGet(
            () ->
                question.sampling().hasSeed()
                    ? new Sticky(Long.toString(question.sampling().getSeed()))
                    : Sticky.toNothing());
  }

  /**
   * An answer that only has to be begun.
   *
   * @param first whether it is its prompt's first: samples of one prompt read it once
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Draft(Question question, int[] prompt, EffectiveSampling sampling, boolean first) {
    /** Tokens of the prompt that count for this answer. */
    int countedPrompt() {
      return first ? prompt.length : 0;
    }
  }

  private static List<Draft> drafts(ServedModel model, Question question) {
    List<int[]> prompts = question.prompts().apply(model);
    SamplingParameters seeded =
        EffectiveSampling.seeded(question.sampling(), ThreadLocalRandom.current());
    List<Draft> drafts = new ArrayList<>();
    for (int[] prompt : prompts) {
      for (int sample = 0; sample < question.samples(); sample++) {
        var asked = seeded.toBuilder().setSeed(seeded.getSeed() + sample).build();
        EffectiveSampling sampling = sampling(model, prompt, asked);
        drafts.add(new Draft(question, prompt, sampling, sample == 0));
      }
    }
    return drafts;
  }

  private static EffectiveSampling sampling(
      ServedModel model, int[] prompt, SamplingParameters asked) {
    int room = model.contextLength() - prompt.length;
    int answer = Question.leastAnswer(asked);
    if (room < answer) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "prompt of %d tokens, expected %s the context length %d of %s"
              .formatted(
                  prompt.length,
                  answer == 0 ? "at most" : "fewer than",
                  model.contextLength(),
                  model.checkpoint().id()));
    }
    return EffectiveSampling.of(asked, model.defaults(), room, ThreadLocalRandom.current());
  }

  /** Begins all or none; from then on each gives back what it holds. */
  private void begin(Admitted admitted, Question question, IntFunction<AnswerSink> sinks) {
    ServedModel model = admitted.model();
    Terms terms = admitted.terms();
    List<Draft> drafts = intake.prompts().read(terms.bytes(), () -> drafts(model, question));
    if (drafts.size() != terms.answers()) {
      throw new IllegalStateException(
          "%d answers to a question for %d".formatted(drafts.size(), terms.answers()));
    }
    Duration waited = Duration.ofNanos(System.nanoTime() - admitted.asked());
    Urgency urgency = terms.urgency(question.urgency().after(waited));
    List<Answer> answers = new ArrayList<>();
    List<GenerationRequest> requests = new ArrayList<>();
    for (Draft draft : drafts) {
      answers.add(answer(admitted, question.model(), draft, sinks.apply(answers.size())));
      requests.add(
          new GenerationRequest(
              draft.prompt(), draft.sampling().params(), urgency.priority(), urgency.timeLimit()));
    }
    List<GenerationHandle> handles = submit(model, requests, answers);
    for (int i = 0; i < handles.size(); i++) {
      answers.get(i).underWay(handles.get(i));
    }
  }

  private static List<GenerationHandle> submit(
      ServedModel model, List<GenerationRequest> requests, List<Answer> answers) {
    try {
      return model.engine().submit(requests, answers::get);
    } catch (QuartetException e) {
      answers.forEach(answer -> answer.refused(e.code()));
      throw e;
    }
  }

  private Answer answer(Admitted admitted, String asked, Draft draft, AnswerSink sink) {
    ServedModel model = admitted.model();
    String operation = admitted.terms().operation();
    EffectiveSampling sampling = draft.sampling();
    var text = new AnswerText(model.tokenizer(), sampling.stop(), draft.question().trimmed());
    var beginning =
        new AnswerSink.Beginning(
            model.checkpoint().id().toString(), sampling.echo(), draft.prompt(), model.tokenizer());
    var account =
        new Account(
            admitted,
            metrics.begin(model, operation, draft.countedPrompt(), admitted.asked()),
            spans.begin(model, asked, operation, sampling.echo(), draft.prompt().length),
            intake.unread().share(draft.question().echo() ? draft.prompt().length : 0));
    var answer = new Answer(sink, beginning, text, account, executor);
    sink.connect(answer::readerReady, answer::cancel);
    return answer;
  }

  private ServedModel lease(String model, Sticky sticky, Demand demand, Duration patience) {
    try {
      return catalog.lease(model, sticky, demand, patience);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuartetException(CANCELLED, "interrupted while '%s' loads".formatted(model), e);
    }
  }
}
