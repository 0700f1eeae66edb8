package io.quartet.rl.learner;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.quartet.v1.RewardServiceGrpc;
import io.quartet.v1.ScoreRequest;
import io.quartet.v1.ScoreResponse;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.List;

/** A RewardService for which tokens of the lower half of the vocabulary are good. */
final class TokenReward extends RewardServiceGrpc.RewardServiceImplBase implements AutoCloseable {
  private final Server server;
  private volatile int refused = -1;

  TokenReward() throws IOException {
    server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress("127.0.0.1", 0), InsecureServerCredentials.create())
            .addService(this)
            .build()
            .start();
  }

  String endpoint() {
    return "127.0.0.1:" + server.getPort();
  }

  /** From now on requests of so many sequences fail; of −1, none does. */
  void refuse(int sequences) {
    refused = sequences;
  }

  @Override
  public void score(ScoreRequest request, StreamObserver<ScoreResponse> response) {
    if (request.getSequencesCount() == refused) {
      response.onError(Status.FAILED_PRECONDITION.withDescription("not now").asException());
      return;
    }
    var scores = ScoreResponse.newBuilder().setRewardDigest(request.getRewardDigest());
    request.getSequencesList().forEach(s -> scores.addRewards(reward(s.getTokens().getIdsList())));
    response.onNext(scores.build());
    response.onCompleted();
  }

  private static float reward(List<Integer> tokens) {
    return (float) tokens.stream().mapToInt(token -> token < 135 ? 1 : -1).average().orElseThrow();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
