package io.quartet.rl.rollout;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.quartet.v1.RewardServiceGrpc;
import io.quartet.v1.ScoreRequest;
import io.quartet.v1.ScoreResponse;
import java.io.IOException;
import java.net.InetSocketAddress;

/** A RewardService that rewards length: 1 for each token of prompt and answer. */
final class TokenCountReward extends RewardServiceGrpc.RewardServiceImplBase
    implements AutoCloseable {
  static final String DIGEST = "counts";

  private final Server server;

  /** Serves on a port; 0 for a free one. */
  TokenCountReward(int port) throws IOException {
    server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress("127.0.0.1", port), InsecureServerCredentials.create())
            .addService(this)
            .build()
            .start();
  }

  String endpoint() {
    return "127.0.0.1:" + server.getPort();
  }

  @Override
  public void score(ScoreRequest request, StreamObserver<ScoreResponse> response) {
    var scores = ScoreResponse.newBuilder().setRewardDigest(DIGEST);
    request
        .getSequencesList()
        .forEach(sequence -> scores.addRewards(sequence.getTokens().getIdsCount()));
    response.onNext(scores.build());
    response.onCompleted();
  }

  @Override
  public void close() {
    server.shutdownNow();
  }
}
