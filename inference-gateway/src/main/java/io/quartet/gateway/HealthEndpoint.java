package io.quartet.gateway;

import io.grpc.BindableService;
import io.grpc.ServerServiceDefinition;
import io.quarkus.grpc.GrpcService;

/**
 * <a href="https://github.com/grpc/grpc/blob/master/doc/health-checking.md">gRPC's health
 * service</a>. Quarkus' own answers for services that do not exist.
 */
@GrpcService
public class HealthEndpoint implements BindableService {
  private final GatewayHealth health;

  HealthEndpoint(GatewayHealth health) {
    this.health = health;
  }

  @Override
  public ServerServiceDefinition bindService() {
    return health.service();
  }
}
