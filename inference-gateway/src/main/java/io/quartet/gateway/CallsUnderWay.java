package io.quartet.gateway;

import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.quarkus.grpc.GlobalInterceptor;
import jakarta.enterprise.context.ApplicationScoped;

/**
 * Counts the calls whose last bytes are not with the network yet, so that nothing is cut off at the
 * end. An answer that was handed to gRPC may wait there for a slow reader. Calls that have no end
 * of their own, such as Watch, do not count.
 */
@GlobalInterceptor
@ApplicationScoped
public class CallsUnderWay implements ServerInterceptor {
  private static final String OURS = "quartet.v1.";
  private static final String ENDLESS = "/Watch";

  private final Intake intake;

  CallsUnderWay(Intake intake) {
    this.intake = intake;
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    String method = call.getMethodDescriptor().getFullMethodName();
    ServerCall.Listener<Q> listener = next.startCall(call, headers);
    if (!method.startsWith(OURS) || method.endsWith(ENDLESS)) {
      return listener;
    }
    Runnable over = intake.call();
    return new SimpleForwardingServerCallListener<>(listener) {
      @Override
      public void onComplete() {
        try {
          super.onComplete();
        } finally {
          over.run();
        }
      }

      @Override
      public void onCancel() {
        try {
          super.onCancel();
        } finally {
          over.run();
        }
      }
    };
  }
}
