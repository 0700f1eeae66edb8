package io.quartet.rl;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.service.GrpcChannels;
import io.quartet.service.GrpcErrors;
import io.quartet.v1.RewardServiceGrpc;
import io.quartet.v1.ScoreRequest;
import io.quartet.v1.ScoreResponse;
import io.quartet.v1.ScoredSequence;
import io.quartet.v1.TokenIds;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Scores whole sequences with a pinned reward model, over gRPC. One connection, reused. */
public final class RewardClient implements AutoCloseable {
  private static final Duration DEADLINE = Duration.ofSeconds(60);

  private final String endpoint;
  private final ManagedChannel channel;

  /**
   * Opens a connection on the first call.
   *
   * @param endpoint host:port of a RewardService
   */
  public RewardClient(String endpoint) {
    this.endpoint = endpoint;
    this.channel = GrpcChannels.open(endpoint);
  }

  /** host:port of the RewardService. */
  public String endpoint() {
    return endpoint;
  }

  /**
   * Rewards of whole sequences, prompt and answer as token ids, in order.
   *
   * @param rewardId reward checkpoint to score with
   * @param rewardDigest its pinned digest
   * @throws QuartetException DATA_LOSS if the service answers with another model or another number
   *     of rewards; else with the service's own status
   */
  public float[] score(String rewardId, String rewardDigest, List<int[]> sequences) {
    var request = ScoreRequest.newBuilder().setRewardId(rewardId).setRewardDigest(rewardDigest);
    for (int[] sequence : sequences) {
      request.addSequences(
          ScoredSequence.newBuilder()
              .setTokens(
                  TokenIds.newBuilder().addAllIds(Arrays.stream(sequence).boxed().toList())));
    }
    ScoreResponse response;
    try {
      response =
          RewardServiceGrpc.newBlockingStub(channel)
              .withDeadlineAfter(DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
              .score(request.build());
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.received(e, "reward service at " + endpoint);
    }
    if (!response.getRewardDigest().equals(rewardDigest)
        || response.getRewardsCount() != sequences.size()) {
      throw new QuartetException(
          ErrorCode.DATA_LOSS,
          "reward service at %s: %d rewards by digest %s, expected %d by %s"
              .formatted(
                  endpoint,
                  response.getRewardsCount(),
                  response.getRewardDigest(),
                  sequences.size(),
                  rewardDigest));
    }
    float[] rewards = new float[sequences.size()];
    for (int i = 0; i < rewards.length; i++) {
      rewards[i] = response.getRewards(i);
    }
    return rewards;
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
