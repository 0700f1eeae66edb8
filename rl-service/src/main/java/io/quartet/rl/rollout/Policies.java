package io.quartet.rl.rollout;

import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderOptions;
import io.quartet.service.CheckpointExchange;
import io.quartet.service.GrpcChannels;
import io.quartet.service.GrpcErrors;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.CheckpointServiceGrpc;
import io.quartet.v1.GetCheckpointRequest;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The policy that a worker samples from: pulled from the learner by digest when a request names
 * another one than the last, which is then closed and deleted. Not thread-safe.
 */
final class Policies implements AutoCloseable {
  private static final Duration DEADLINE = Duration.ofSeconds(20);

  private final CheckpointExchange exchange;
  private final DecoderOptions options;
  private @Nullable Checkpoint current;
  private @Nullable DecoderEngine engine;

  Policies(CheckpointExchange exchange, DecoderOptions options) {
    this.exchange = exchange;
    this.options = options;
  }

  /**
   * An engine of the policy, pulled from the endpoint that the request names.
   *
   * @throws QuartetException FAILED_PRECONDITION if the learner has another digest under this id;
   *     NOT_FOUND if it has no such policy any more; UNAVAILABLE if it cannot be reached
   */
  DecoderEngine engine(String policyId, String digest, String endpoint)
      throws InterruptedException {
    if (engine != null && current != null && current.digest().equals(digest)) {
      return engine;
    }
    CheckpointPublished announced = describe(policyId, endpoint);
    if (!announced.getDigest().equals(digest)) {
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          "policy '%s': digest %s, expected %s".formatted(policyId, announced.getDigest(), digest));
    }
    // First the old one: under the same id, it would take the new one's folder with it.
    close();
    Checkpoint fetched = exchange.fetch(announced.toBuilder().setEndpoint(endpoint).build());
    current = fetched;
    engine = DecoderEngine.open(fetched, options);
    return engine;
  }

  private static CheckpointPublished describe(String policyId, String endpoint) {
    ManagedChannel channel = GrpcChannels.open(endpoint);
    try {
      return CheckpointServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(DEADLINE.toMillis(), TimeUnit.MILLISECONDS)
          .get(GetCheckpointRequest.newBuilder().setCheckpointId(policyId).build());
    } catch (StatusRuntimeException e) {
      throw GrpcErrors.received(e, "policy '%s' at %s".formatted(policyId, endpoint));
    } finally {
      channel.shutdownNow();
    }
  }

  @Override
  public void close() {
    if (engine != null) {
      engine.close();
      engine = null;
    }
    if (current != null) {
      CheckpointId id = current.id();
      current = null;
      if (exchange.store().find(id).isPresent()) {
        exchange.store().delete(id);
      }
    }
  }
}
