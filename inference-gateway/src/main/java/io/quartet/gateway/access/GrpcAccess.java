package io.quartet.gateway.access;

import io.grpc.Context;
import io.grpc.Contexts;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.health.v1.HealthGrpc;
import io.quarkus.grpc.GlobalInterceptor;
import io.quartet.checkpoint.QuartetException;
import io.quartet.service.GrpcErrors;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.spi.Prioritized;

/** Lets nobody in without a key, where keys are needed; health alone is everybody's. */
@GlobalInterceptor
@ApplicationScoped
public class GrpcAccess implements ServerInterceptor, Prioritized {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  private final KeyRing keys;

  GrpcAccess(KeyRing keys) {
    this.keys = keys;
  }

  @Override
  public int getPriority() {
    return Integer.MAX_VALUE - 1; // within the errors, outside of all else
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    if (HealthGrpc.SERVICE_NAME.equals(call.getMethodDescriptor().getServiceName())) {
      return next.startCall(call, headers);
    }
    Caller caller;
    try {
      caller = keys.caller(headers.get(AUTHORIZATION));
    } catch (QuartetException e) {
      GrpcErrors.refuse(call, e);
      return new ServerCall.Listener<>() {};
    }
    return Contexts.interceptCall(
        Context.current().withValue(Caller.KEY, caller), call, headers, next);
  }
}
