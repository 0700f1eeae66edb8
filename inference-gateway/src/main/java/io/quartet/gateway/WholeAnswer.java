package io.quartet.gateway;

import io.grpc.stub.ServerCallStreamObserver;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.ScoredToken;
import io.quartet.v1.FinishReason;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.Usage;
import java.util.List;
import java.util.function.Function;

/** Gathers an answer and sends it when it is whole. */
final class WholeAnswer<R> implements AnswerSink {
  private final ServerCallStreamObserver<R> responses;
  private final Function<GenerateResponse, R> form;
  private final GenerateResponse.Builder answer = GenerateResponse.newBuilder();
  private final StringBuilder text = new StringBuilder();

  /**
   * @param form the call's own response with an answer
   */
  WholeAnswer(ServerCallStreamObserver<R> responses, Function<GenerateResponse, R> form) {
    this.responses = responses;
    this.form = form;
  }

  @Override
  public void connect(Runnable wake, Runnable cancel) {
    responses.setOnCancelHandler(cancel);
  }

  @Override
  public boolean ready() {
    return true;
  }

  @Override
  public void begin(Beginning beginning) {
    answer.setCheckpointId(beginning.checkpointId()).setEffectiveSampling(beginning.effective());
  }

  @Override
  public void part(String more, List<ScoredToken> tokens) {
    text.append(more);
    tokens.forEach(token -> answer.addTokenIds(token.id()).addLogProbs(token.logProb()));
  }

  @Override
  public void end(FinishReason reason, Usage usage) {
    answer.setText(text.toString()).setFinishReason(reason).setUsage(usage);
    responses.onNext(form.apply(answer.build()));
    responses.onCompleted();
  }

  @Override
  public void fail(QuartetException failure) {
    responses.onError(failure);
  }
}
