package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.CANCELLED;
import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.SamplingParameters;
import java.time.Duration;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;

/** The one way from a request to an answer, behind every API. */
final class Answering {
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
   * Begins an answer and returns; the rest goes to the sink.
   *
   * @param model a stage's name or a checkpoint id
   * @param prompt the prompt in the model's tokens
   * @param trimmed whether white space around the answer is left out
   * @throws QuartetException why there will be no answer; see {@link ModelCatalog#lease} and {@link
   *     EffectiveSampling#of}; INVALID_ARGUMENT for a prompt that leaves no room in the context
   */
  void begin(
      String model,
      Function<ServedModel, int[]> prompt,
      SamplingParameters sampling,
      boolean trimmed,
      AnswerSink sink) {
    try {
      ServedModel served = lease(model);
      try {
        begin(served, prompt.apply(served), sampling, trimmed, sink);
      } catch (RuntimeException e) {
        served.release();
        throw e;
      }
    } catch (QuartetException e) {
      metrics.refused(e.code());
      throw e;
    }
  }

  private void begin(
      ServedModel model, int[] prompt, SamplingParameters asked, boolean trimmed, AnswerSink sink) {
    String id = model.checkpoint().id().toString();
    int context = model.engine().contextLength();
    if (prompt.length >= context) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "prompt of %d tokens, expected fewer than the context length %d of %s"
              .formatted(prompt.length, context, id));
    }
    var sampling =
        EffectiveSampling.of(
            asked, model.defaults(), context - prompt.length, ThreadLocalRandom.current());
    var text = new AnswerText(model.tokenizer(), sampling.stop(), trimmed);
    var header = new Answer.Header(id, sampling.echo(), prompt.length);
    var progress = new Leased(model, prompt.length);
    var answer = new Answer(sink, header, text, progress, executor);
    sink.connect(answer::wake, answer::cancel);
    try {
      answer.underWay(model.engine().submit(prompt, sampling.params(), answer));
    } catch (QuartetException e) {
      progress.counted.withdrawn();
      throw e;
    }
  }

  private ServedModel lease(String model) {
    try {
      return catalog.lease(model, PATIENCE);
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
