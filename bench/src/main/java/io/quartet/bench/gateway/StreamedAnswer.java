package io.quartet.bench.gateway;

import io.grpc.Channel;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.GenerationServiceGrpc;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.TokenIds;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One streamed answer as its reader sees it. */
final class StreamedAnswer implements ClientResponseObserver<GenerateRequest, GenerateChunk> {
  private final CompletableFuture<StreamedAnswer> end = new CompletableFuture<>();
  private final boolean eager;
  private final long asked = System.nanoTime();
  private @Nullable ClientCallStreamObserver<GenerateRequest> call;
  private long first;
  private long last;
  private long longestGap;
  private int tokens;
  private String weights = "";
  private Status status = Status.OK;

  private StreamedAnswer(boolean eager) {
    this.eager = eager;
  }

  /**
   * Asks the newest weights.
   *
   * @param eager whether it reads as fast as it can, or only what {@link #take} asks for
   */
  static StreamedAnswer ask(Channel channel, GenerateRequest request, boolean eager) {
    var answer = new StreamedAnswer(eager);
    GenerationServiceGrpc.newStub(channel)
        .withDeadlineAfter(5, TimeUnit.MINUTES)
        .generateStream(request, answer);
    return answer;
  }

  /** A prompt of random tokens and an answer of {@code most} tokens at temperature 1. */
  static GenerateRequest request(int promptTokens, int most, SplittableRandom random) {
    var ids = TokenIds.newBuilder();
    random.ints(promptTokens, 300, Weights.SHAPE.vocabularySize()).forEach(ids::addIds);
    return GenerateRequest.newBuilder()
        .setModel("sft")
        .setTokens(ids)
        .setSampling(
            SamplingParameters.newBuilder()
                .setTemperature(1)
                .setMaxTokens(most)
                .setSeed(random.nextInt(1, Integer.MAX_VALUE)))
        .build();
  }

  /** Completes when the stream is over, however it ended. */
  CompletableFuture<StreamedAnswer> end() {
    return end;
  }

  Status status() {
    return status;
  }

  int tokens() {
    return tokens;
  }

  String weights() {
    return weights;
  }

  /** From the request to the first token. */
  double firstTokenMillis() {
    return (first - asked) / 1e6;
  }

  /** From the request to its end, or to the last token so far. */
  double wholeMillis() {
    return (last - asked) / 1e6;
  }

  /** Whether it was answered to its end before a moment of {@link System#nanoTime}. */
  boolean wholeBefore(long moment) {
    return status.isOk() && last <= moment;
  }

  /** The longest wait for a token after the first. */
  double longestGapMillis() {
    return longestGap / 1e6;
  }

  /** Takes one more message. */
  void take() {
    if (call != null) {
      call.request(1);
    }
  }

  void leave() {
    if (call != null) {
      call.cancel("seen enough", null);
    }
  }

  @Override
  public void beforeStart(ClientCallStreamObserver<GenerateRequest> stream) {
    call = stream;
    if (!eager) {
      stream.disableAutoRequestWithInitial(1);
    }
  }

  @Override
  public void onNext(GenerateChunk chunk) {
    if (weights.isEmpty()) {
      weights = chunk.getCheckpointId();
    }
    if (chunk.getTokenIdsCount() > 0) {
      long now = System.nanoTime();
      if (tokens == 0) {
        first = now;
      } else {
        longestGap = Math.max(longestGap, now - last);
      }
      last = now;
      tokens += chunk.getTokenIdsCount();
    }
  }

  @Override
  public void onError(Throwable failure) {
    status = Status.fromThrowable(failure);
    last = System.nanoTime();
    end.complete(this);
  }

  @Override
  public void onCompleted() {
    end.complete(this);
  }
}
