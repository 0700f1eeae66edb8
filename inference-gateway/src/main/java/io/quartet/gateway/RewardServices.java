package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.NOT_FOUND;
import static java.util.concurrent.TimeUnit.SECONDS;

import com.google.protobuf.util.Timestamps;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.quartet.checkpoint.QuartetException;
import io.quartet.service.GrpcChannels;
import io.quartet.service.GrpcErrors;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RewardServiceGrpc;
import io.quartet.v1.ScoreRequest;
import io.quartet.v1.ScoreResponse;
import io.quartet.v1.Stage;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The announced reward models, each where it was announced from. A reward is more than the model's
 * output: it takes the base model's recital and the scale of the policy's samples, which are the
 * reward service's; so whoever asks here gets that service's own figures. Safe for any thread.
 */
public final class RewardServices implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 60;

  private final Map<String, CheckpointPublished> models = new TreeMap<>();
  private final Map<String, ManagedChannel> channels = new HashMap<>();

  /** Notes an announced checkpoint if it is a reward model. */
  synchronized void announce(CheckpointPublished announcement) {
    if (announcement.getStage() == Stage.STAGE_REWARD) {
      models.put(announcement.getCheckpointId(), announcement);
    }
  }

  /**
   * Has the reward service score, with the bytes that were announced.
   *
   * @throws QuartetException NOT_FOUND naming the models that are there; UNAVAILABLE if the service
   *     is away; what it answers
   */
  ScoreResponse score(ScoreRequest request) {
    CheckpointPublished model = find(request.getRewardId());
    String id = model.getCheckpointId();
    ScoreRequest pinned =
        request.getRewardDigest().isEmpty()
            ? request.toBuilder().setRewardId(id).setRewardDigest(model.getDigest()).build()
            : request.toBuilder().setRewardId(id).build();
    try {
      return RewardServiceGrpc.newBlockingStub(channel(model.getEndpoint()))
          .withDeadlineAfter(PATIENCE_SECONDS, SECONDS)
          .score(pinned);
    } catch (StatusRuntimeException e) {
      var told = GrpcErrors.received(e, "reward service at " + model.getEndpoint());
      // Without the cause: gRPC answers with the first status that it finds among the causes.
      throw new QuartetException(told.code(), told.getMessage());
    }
  }

  private synchronized CheckpointPublished find(String id) {
    @Nullable CheckpointPublished found =
        id.isEmpty()
            ? models.values().stream()
                .max((a, b) -> Timestamps.compare(a.getPublished(), b.getPublished()))
                .orElse(null)
            : models.get(id);
    if (found == null) {
      throw new QuartetException(
          NOT_FOUND,
          "no reward model '%s'; there are %s"
              .formatted(id, models.isEmpty() ? "none yet" : String.join(", ", models.keySet())));
    }
    return found;
  }

  private synchronized ManagedChannel channel(String endpoint) {
    return channels.computeIfAbsent(endpoint, GrpcChannels::open);
  }

  @Override
  public synchronized void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
  }
}
