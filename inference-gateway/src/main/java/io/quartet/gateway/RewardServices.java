package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.NOT_FOUND;
import static java.util.concurrent.TimeUnit.SECONDS;

import com.google.protobuf.util.Timestamps;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import io.quartet.checkpoint.QuartetException;
import io.quartet.gateway.access.Caller;
import io.quartet.service.GrpcChannels;
import io.quartet.service.GrpcErrors;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RewardServiceGrpc;
import io.quartet.v1.ScoreRequest;
import io.quartet.v1.ScoreResponse;
import io.quartet.v1.ScoredSequence;
import io.quartet.v1.Stage;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * The announced reward models, each where it was announced from. A reward is more than the model's
 * output: it takes the base model's recital and the scale of the policy's samples, which are the
 * reward service's; so whoever asks here gets that service's own figures. Safe for any thread.
 */
public final class RewardServices implements AutoCloseable {
  private static final int PATIENCE_SECONDS = 60;

  private static final String SERVICE = "rewards";
  private static final int MOST = 32;
  private static final Duration AWHILE = Duration.ofSeconds(1);

  /** Of text in messages, about. */
  private static final int BYTES_PER_TOKEN = 4;

  private final Intake intake;
  private final GatewayMetrics metrics;
  private final Semaphore places = new Semaphore(MOST);
  private final Map<String, CheckpointPublished> models = new TreeMap<>();
  private final Map<String, ManagedChannel> channels = new HashMap<>();

  RewardServices(Intake intake, GatewayMetrics metrics) {
    this.intake = intake;
    this.metrics = metrics;
  }

  /** Notes an announced checkpoint if it is a reward model. */
  synchronized void announce(CheckpointPublished announcement) {
    if (announcement.getStage() == Stage.STAGE_REWARD) {
      models.put(announcement.getCheckpointId(), announcement);
    }
  }

  /**
   * Has the reward service score, with the bytes that were announced, and returns; the reader gets
   * its answer, or UNAVAILABLE if it is away. No thread waits, and where the caller leaves so does
   * the request.
   *
   * @throws QuartetException UNAVAILABLE if the gateway is shutting down; NOT_FOUND naming the
   *     models that are there; RESOURCE_EXHAUSTED if too many wait, or as {@link Caller#charge}
   */
  void score(ScoreRequest request, Responses<ScoreResponse> reader) {
    try {
      intake.requireOpen();
      CheckpointPublished model = find(request.getRewardId());
      var stub =
          RewardServiceGrpc.newStub(channel(model.getEndpoint()))
              .withDeadlineAfter(PATIENCE_SECONDS, SECONDS);
      stub.score(pinned(request, model), new Forwarded(request, model.getEndpoint(), reader));
    } catch (QuartetException e) {
      metrics.called(SERVICE, e.code().name());
      throw e;
    }
  }

  private static ScoreRequest pinned(ScoreRequest request, CheckpointPublished model) {
    ScoreRequest.Builder pinned = request.toBuilder().setRewardId(model.getCheckpointId());
    return request.getRewardDigest().isEmpty()
        ? pinned.setRewardDigest(model.getDigest()).build()
        : pinned.build();
  }

  /** One request that waits for a reward service, and holds a place and the caller's tokens. */
  private final class Forwarded implements StreamObserver<ScoreResponse> {
    private final String endpoint;
    private final Responses<ScoreResponse> reader;
    private final Caller caller = Caller.current();
    private final long tokens;

    Forwarded(ScoreRequest request, String endpoint, Responses<ScoreResponse> reader) {
      this.endpoint = endpoint;
      this.reader = reader;
      this.tokens = request.getSequencesList().stream().mapToLong(RewardServices::tokens).sum();
      if (!places.tryAcquire()) {
        throw QuartetException.retryLater(
            "rewards: %d requests wait for reward services, expected at most %d; try again later"
                .formatted(MOST, MOST),
            AWHILE);
      }
      try {
        caller.charge(tokens);
      } catch (QuartetException e) {
        places.release();
        throw e;
      }
    }

    @Override
    public void onNext(ScoreResponse response) {
      reader.last(response);
    }

    @Override
    public void onError(Throwable failure) {
      // A stub tells of nothing else; without the cause, since gRPC answers with the first status
      // that it finds among the causes.
      var status = (StatusRuntimeException) failure;
      var told = GrpcErrors.received(status, "reward service at " + endpoint);
      caller.used(tokens, 0);
      end(told.code().name());
      reader.fail(new QuartetException(told.code(), told.getMessage()));
    }

    @Override
    public void onCompleted() {
      end(GatewayMetrics.OK);
    }

    private void end(String outcome) {
      places.release();
      metrics.called(SERVICE, outcome);
    }
  }

  /** A sequence's tokens; where it has messages, about. */
  private static long tokens(ScoredSequence sequence) {
    return sequence.hasTokens()
        ? sequence.getTokens().getIdsCount()
        : sequence.getSerializedSize() / BYTES_PER_TOKEN;
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
