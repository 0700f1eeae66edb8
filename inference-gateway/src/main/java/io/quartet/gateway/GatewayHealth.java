package io.quartet.gateway;

import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.quarkus.grpc.runtime.health.GrpcHealthStorage;
import io.quartet.v1.ChatServiceGrpc;
import io.quartet.v1.GenerationServiceGrpc;
import io.quartet.v1.ModelServiceGrpc;
import io.quartet.v1.ScoreServiceGrpc;
import io.quartet.v1.TokenizerServiceGrpc;
import java.util.List;

/**
 * What gRPC's health service says of each service and of all together: first that they do not
 * serve, then that they do, and in the end that they do not.
 */
final class GatewayHealth {
  private static final List<String> SERVICES =
      List.of(
          GrpcHealthStorage.DEFAULT_SERVICE_NAME,
          ChatServiceGrpc.SERVICE_NAME,
          GenerationServiceGrpc.SERVICE_NAME,
          ModelServiceGrpc.SERVICE_NAME,
          ScoreServiceGrpc.SERVICE_NAME,
          TokenizerServiceGrpc.SERVICE_NAME);

  private final GrpcHealthStorage storage;
  private boolean stopping;

  GatewayHealth(GrpcHealthStorage storage) {
    this.storage = storage;
  }

  /** Nothing is there yet. */
  void starting() {
    tell(ServingStatus.NOT_SERVING);
  }

  /** The first models have been loaded or refused; too late if it is to stop already. */
  synchronized void settled() {
    if (!stopping) {
      tell(ServingStatus.SERVING);
    }
  }

  /** From now on for good. */
  synchronized void stopping() {
    stopping = true;
    tell(ServingStatus.NOT_SERVING);
  }

  private void tell(ServingStatus status) {
    SERVICES.forEach(service -> storage.setStatus(service, status));
  }
}
