package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import grpc.health.v1.HealthOuterClass.HealthCheckResponse.ServingStatus;
import io.quarkus.grpc.runtime.health.GrpcHealthStorage;
import io.quartet.v1.ChatServiceGrpc;
import org.junit.jupiter.api.Test;

class GatewayHealthTest {
  private final GrpcHealthStorage storage = new GrpcHealthStorage();
  private final GatewayHealth health = new GatewayHealth(storage);

  @Test
  void itServesOnceTheModelsHaveSettledAndUntilItIsToStop() {
    health.starting();
    assertThat(status()).isEqualTo(ServingStatus.NOT_SERVING);
    health.settled();
    assertThat(status()).isEqualTo(ServingStatus.SERVING);
    health.stopping();
    assertThat(status()).isEqualTo(ServingStatus.NOT_SERVING);
  }

  @Test
  void modelsThatSettleWhileItStopsChangeNothing() {
    health.starting();
    health.stopping();

    health.settled();

    assertThat(status()).isEqualTo(ServingStatus.NOT_SERVING);
  }

  private ServingStatus status() {
    return storage.statusForService(ChatServiceGrpc.SERVICE_NAME).getStatus();
  }
}
