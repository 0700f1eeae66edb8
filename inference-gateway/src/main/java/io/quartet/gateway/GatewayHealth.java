package io.quartet.gateway;

import io.grpc.ServerServiceDefinition;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
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
          HealthStatusManager.SERVICE_NAME_ALL_SERVICES,
          ChatServiceGrpc.SERVICE_NAME,
          GenerationServiceGrpc.SERVICE_NAME,
          ModelServiceGrpc.SERVICE_NAME,
          ScoreServiceGrpc.SERVICE_NAME,
          TokenizerServiceGrpc.SERVICE_NAME);

  private final HealthStatusManager manager = new HealthStatusManager();
  private boolean stopping;

  /** Nothing is there yet. */
  GatewayHealth() {
    tell(ServingStatus.NOT_SERVING);
  }

  /** Answers who asks. */
  ServerServiceDefinition service() {
    return manager.getHealthService().bindService();
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
    SERVICES.forEach(service -> manager.setStatus(service, status));
  }
}
