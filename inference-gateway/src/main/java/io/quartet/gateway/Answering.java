package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.CANCELLED;
import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.GenerationHandle;
import io.quartet.decoder.GenerationRequest;
import io.quartet.v1.SamplingParameters;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.IntFunction;

/** The one way from a question to its answers, behind every API. */
public final class Answering {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final ModelCatalog catalog;
  private final GatewayMetrics metrics;
  private final Executor executor;

  /**
   * @param executor turns tokens into text and sends them
   */
  Answering(ModelCatalog catalog, GatewayMetrics metrics, Executor executor) {
    this.catalog = catalog;
    this.metrics = metrics;
    this.executor = executor;
  }

  /**
   * Begins the answers and returns; the rest goes to the sinks.
   *
   * @param sinks gives the reader of each answer: first all samples of the first prompt
   * @throws QuartetException why there will be no answer; see {@link ModelCatalog#lease} and {@link
   *     EffectiveSampling#of}; INVALID_ARGUMENT for a prompt that leaves no room in the context
   */
  public void begin(Question question, IntFunction<AnswerSink> sinks) {
    try {
      ServedModel model = lease(question.model());
      List<Draft> drafts;
      try {
        drafts = drafts(model, question);
        model.leaseMore(drafts.size() - 1);
      } catch (RuntimeException e) {
        model.release();
        throw e;
      }
      begin(model, question.urgency(), drafts, sinks);
    } catch (QuartetException e) {
      metrics.refused(e.code());
      throw e;
    }
  }

  /**
   * Asks a model for what takes no decoder.
   *
   * @param model a stage's name or a checkpoint id
   * @throws QuartetException as {@link ModelCatalog#lease}
   */
  <T> T with(String model, Function<ServedModel, T> work) {
    ServedModel served = lease(model);
    try {
      return work.apply(served);
    } finally {
      served.release();
    }
  }

  /** An answer that only has to be begun. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Draft(int[] prompt, EffectiveSampling sampling, boolean trimmed) {}

  private static List<Draft> drafts(ServedModel model, Question question) {
    List<int[]> prompts = question.prompts().apply(model);
    Question.requireAnswers(prompts.size() * question.samples(), "answers to all prompts");
    SamplingParameters seeded =
        EffectiveSampling.seeded(question.sampling(), ThreadLocalRandom.current());
    List<Draft> drafts = new ArrayList<>();
    for (int[] prompt : prompts) {
      for (int sample = 0; sample < question.samples(); sample++) {
        var asked = seeded.toBuilder().setSeed(seeded.getSeed() + sample).build();
        drafts.add(new Draft(prompt, sampling(model, prompt, asked), question.trimmed()));
      }
    }
    return drafts;
  }

  private static EffectiveSampling sampling(
      ServedModel model, int[] prompt, SamplingParameters asked) {
    int room = model.engine().contextLength() - prompt.length;
    if (room <= 0) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "prompt of %d tokens, expected fewer than the context length %d of %s"
              .formatted(prompt.length, model.engine().contextLength(), model.checkpoint().id()));
    }
    return EffectiveSampling.of(asked, model.defaults(), room, ThreadLocalRandom.current());
  }

  /** Begins all or none; each holds a lease of its own. */
  private void begin(
      ServedModel model, Urgency urgency, List<Draft> drafts, IntFunction<AnswerSink> sinks) {
    List<Leased> progress = new ArrayList<>();
    List<Answer> answers = new ArrayList<>();
    List<GenerationRequest> requests = new ArrayList<>();
    List<GenerationHandle> handles;
    try {
      for (Draft draft : drafts) {
        progress.add(new Leased(model, draft.prompt().length));
        answers.add(
            answer(model, draft, sinks.apply(answers.size()), progress.get(answers.size())));
        requests.add(
            new GenerationRequest(
                draft.prompt(),
                draft.sampling().params(),
                urgency.priority(),
                urgency.timeLimit()));
      }
      handles = model.engine().submit(requests, answers::get);
    } catch (RuntimeException e) {
      progress.forEach(one -> one.counted.withdrawn());
      drafts.forEach(draft -> model.release());
      throw e;
    }
    for (int i = 0; i < handles.size(); i++) {
      answers.get(i).underWay(handles.get(i));
    }
  }

  private Answer answer(ServedModel model, Draft draft, AnswerSink sink, Leased progress) {
    EffectiveSampling sampling = draft.sampling();
    var text = new AnswerText(model.tokenizer(), sampling.stop(), draft.trimmed());
    var beginning =
        new AnswerSink.Beginning(
            model.checkpoint().id().toString(), sampling.echo(), draft.prompt(), model.tokenizer());
    var answer = new Answer(sink, beginning, text, progress, executor);
    sink.connect(answer::wake, answer::cancel);
    return answer;
  }

  private ServedModel lease(String model) {
    try {
      return catalog.lease(model, Sticky.toNothing(), PATIENCE);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuartetException(CANCELLED, "interrupted while '%s' loads".formatted(model), e);
    }
  }

  /** Gives the lease back when neither decoder nor tokenizer is needed any more. */
  private final class Leased implements Answer.Progress {
    private final ServedModel model;
    private final GatewayMetrics.Request counted;

    Leased(ServedModel model, int promptTokens) {
      this.model = model;
      this.counted = metrics.begin(model.checkpoint().id().stage(), promptTokens);
    }

    @Override
    public void firstToken() {
      counted.firstToken();
    }

    @Override
    public void decoded(String outcome, int completionTokens) {
      counted.decoded(outcome, completionTokens);
      model.release();
    }
  }
}
