package io.quartet.gateway;

import io.grpc.stub.ServerCallStreamObserver;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.ScoredToken;
import io.quartet.v1.FinishReason;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.Sample;
import io.quartet.v1.Usage;
import java.util.List;
import java.util.function.Function;
import java.util.stream.IntStream;

/** Gathers the answers to one call and sends them when all are whole. */
final class WholeAnswers<R> {
  private final Responses<R> responses;
  private final Function<GenerateResponse, R> form;
  private final boolean echo;
  private final List<Sample.Builder> samples;
  private final GenerateResponse.Builder response =
      GenerateResponse.newBuilder(); // guarded by this
  private int unfinished; // guarded by this

  /**
   * @param samples how many answers there will be
   * @param echo whether the prompt comes before each
   * @param form the call's own response with the answers
   */
  WholeAnswers(
      ServerCallStreamObserver<R> observer,
      int samples,
      boolean echo,
      Function<GenerateResponse, R> form) {
    this.responses = new Responses<>(observer);
    this.form = form;
    this.echo = echo;
    this.samples = IntStream.range(0, samples).mapToObj(i -> Sample.newBuilder()).toList();
    this.unfinished = samples;
  }

  /** The reader of the i-th answer. */
  AnswerSink sink(int sample) {
    return new Sink(sample);
  }

  private synchronized void begun(AnswerSink.Beginning beginning) {
    response.setCheckpointId(beginning.checkpointId()).setEffectiveSampling(beginning.effective());
  }

  private synchronized void prompt(List<ScoredToken> tokens) {
    tokens.forEach(token -> response.addPrompt(TokenScores.of(token)));
  }

  private synchronized void ended(boolean first, Usage usage) {
    Usage.Builder total = response.getUsageBuilder();
    if (first) { // the prompt counts once
      total
          .setPromptTokens(usage.getPromptTokens())
          .setCachedPromptTokens(usage.getCachedPromptTokens());
    }
    total.setCompletionTokens(total.getCompletionTokens() + usage.getCompletionTokens());
    if (--unfinished > 0) {
      return;
    }
    Sample sample = samples.get(0).build();
    response
        .setText(sample.getText())
        .addAllTokenIds(sample.getTokenIdsList())
        .addAllLogProbs(sample.getLogProbsList())
        .addAllAlternatives(sample.getAlternativesList())
        .setFinishReason(sample.getFinishReason());
    samples.stream().skip(1).forEach(response::addMoreSamples);
    responses.last(form.apply(response.build()));
  }

  private final class Sink implements AnswerSink {
    private final boolean first;
    private final Sample.Builder sample;
    private final StringBuilder text = new StringBuilder();

    Sink(int index) {
      this.first = index == 0;
      this.sample = samples.get(index);
    }

    @Override
    public void connect(Runnable wake, Runnable cancel) {
      responses.connect(wake, cancel);
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public boolean keeps() {
      return true;
    }

    @Override
    public void begin(Beginning beginning) {
      if (first) {
        begun(beginning);
      }
      if (echo) {
        text.append(beginning.promptText());
      }
    }

    @Override
    public void prompt(List<ScoredToken> tokens) {
      if (first) {
        WholeAnswers.this.prompt(tokens);
      }
    }

    @Override
    public void part(String more, List<ScoredToken> tokens) {
      text.append(more);
      for (ScoredToken token : tokens) {
        sample.addTokenIds(token.id()).addLogProbs(token.logProb());
        if (!token.alternatives().isEmpty()) {
          sample.addAlternatives(TokenScores.alternatives(token));
        }
      }
    }

    @Override
    public void end(FinishReason reason, Usage usage) {
      sample.setText(text.toString()).setFinishReason(reason);
      ended(first, usage);
    }

    @Override
    public void fail(QuartetException failure) {
      responses.fail(failure);
    }
  }
}
