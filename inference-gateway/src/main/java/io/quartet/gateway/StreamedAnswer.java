package io.quartet.gateway;

import io.grpc.stub.ServerCallStreamObserver;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.ScoredToken;
import io.quartet.v1.FinishReason;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.Usage;
import java.util.List;

/** Sends an answer as it grows. */
final class StreamedAnswer implements AnswerSink {
  private final ServerCallStreamObserver<GenerateChunk> responses;

  StreamedAnswer(ServerCallStreamObserver<GenerateChunk> responses) {
    this.responses = responses;
  }

  @Override
  public void connect(Runnable wake, Runnable cancel) {
    responses.setOnReadyHandler(wake);
    responses.setOnCancelHandler(cancel);
  }

  @Override
  public boolean ready() {
    return responses.isReady();
  }

  @Override
  public void begin(Beginning beginning) {
    responses.onNext(
        GenerateChunk.newBuilder()
            .setCheckpointId(beginning.checkpointId())
            .setEffectiveSampling(beginning.effective())
            .build());
  }

  @Override
  public void part(String text, List<ScoredToken> tokens) {
    var chunk = GenerateChunk.newBuilder().setText(text);
    tokens.forEach(token -> chunk.addTokenIds(token.id()));
    responses.onNext(chunk.build());
  }

  @Override
  public void end(FinishReason reason, Usage usage) {
    responses.onNext(GenerateChunk.newBuilder().setFinishReason(reason).setUsage(usage).build());
    responses.onCompleted();
  }

  @Override
  public void fail(QuartetException failure) {
    responses.onError(failure);
  }
}
