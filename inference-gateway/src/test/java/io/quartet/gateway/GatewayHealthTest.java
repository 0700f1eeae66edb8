package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyServerBuilder;
import io.quartet.service.GrpcChannels;
import io.quartet.v1.ChatServiceGrpc;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GatewayHealthTest {
  private final GatewayHealth health = new GatewayHealth();
  private Server server;
  private ManagedChannel channel;

  @BeforeEach
  void serve() throws IOException {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))
            .addService(health.service())
            .build()
            .start();
    channel = GrpcChannels.open("127.0.0.1:" + server.getPort());
  }

  @AfterEach
  void end() {
    channel.shutdownNow();
    server.shutdownNow();
  }

  @Test
  void itServesOnceTheModelsHaveSettledAndUntilItIsToStop() {
    assertThat(status()).isEqualTo(ServingStatus.NOT_SERVING);
    health.settled();
    assertThat(status()).isEqualTo(ServingStatus.SERVING);
    health.stopping();
    assertThat(status()).isEqualTo(ServingStatus.NOT_SERVING);
  }

  @Test
  void modelsThatSettleWhileItStopsChangeNothing() {
    health.stopping();

    health.settled();

    assertThat(status()).isEqualTo(ServingStatus.NOT_SERVING);
  }

  private ServingStatus status() {
    return HealthGrpc.newBlockingStub(channel)
        .check(HealthCheckRequest.newBuilder().setService(ChatServiceGrpc.SERVICE_NAME).build())
        .getStatus();
  }
}
