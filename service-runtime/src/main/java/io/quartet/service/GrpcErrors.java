package io.quartet.service;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quarkus.grpc.GlobalInterceptor;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.inject.spi.Prioritized;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;

/**
 * The one place where failures become gRPC statuses: a {@link QuartetException} keeps its category
 * and line and gets {@code google.rpc.ErrorInfo}, and {@code RetryInfo} if it says when to try
 * again; anything else is INTERNAL, logged here and told in one line.
 */
@GlobalInterceptor
@ApplicationScoped
public class GrpcErrors implements ServerInterceptor, Prioritized {
  /** The {@code domain} of every ErrorInfo; its {@code reason} is the {@link ErrorCode}. */
  public static final String DOMAIN = "quartet.io";

  private static final Logger LOG = Logger.getLogger(GrpcErrors.class);

  @Override
  public int getPriority() {
    return Integer.MAX_VALUE; // outermost, so that it sees what the others throw
  }

  @Override
  public <Q, R> ServerCall.Listener<Q> interceptCall(
      ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
    var told = new TellingCall<>(call);
    return new SimpleForwardingServerCallListener<>(next.startCall(told, headers)) {
      @Override
      public void onMessage(Q message) {
        guard(() -> super.onMessage(message));
      }

      @Override
      public void onHalfClose() {
        guard(super::onHalfClose);
      }

      @Override
      public void onReady() {
        guard(super::onReady);
      }

      private void guard(Runnable step) {
        try {
          step.run();
        } catch (RuntimeException e) {
          told.close(Status.UNKNOWN.withCause(e), new Metadata());
        }
      }
    };
  }

  /** Replaces the status of a call that ends with an exception. */
  private static final class TellingCall<Q, R> extends SimpleForwardingServerCall<Q, R> {
    private final AtomicBoolean closed = new AtomicBoolean();

    TellingCall(ServerCall<Q, R> call) {
      super(call);
    }

    @Override
    public void close(Status status, Metadata trailers) {
      if (!closed.compareAndSet(false, true)) {
        return;
      }
      Throwable cause = status.getCause();
      if (cause == null || status.getCode() != Status.Code.UNKNOWN) {
        super.close(status, trailers);
        return;
      }
      if (!(cause instanceof QuartetException)) {
        LOG.errorf(cause, "%s failed", getMethodDescriptor().getFullMethodName());
      }
      StatusRuntimeException told = of(cause);
      Metadata details = told.getTrailers();
      super.close(told.getStatus(), details == null ? trailers : details);
    }
  }

  /** A failure as gRPC tells it. */
  public static StatusRuntimeException of(Throwable failure) {
    ErrorCode code = Failures.code(failure);
    var info = ErrorInfo.newBuilder().setReason(code.name()).setDomain(DOMAIN).build();
    var told =
        com.google.rpc.Status.newBuilder()
            .setCode(status(code).getCode().value())
            .setMessage(Failures.firstLine(failure))
            .addDetails(Any.pack(info));
    if (failure instanceof QuartetException known) {
      known.retryAfter().ifPresent(wait -> told.addDetails(Any.pack(retry(wait))));
    }
    return StatusProto.toStatusRuntimeException(told.build());
  }

  /** Ends a call that an interceptor does not let through. */
  public static void refuse(ServerCall<?, ?> call, QuartetException why) {
    StatusRuntimeException told = of(why);
    Metadata details = told.getTrailers();
    call.close(told.getStatus(), details == null ? new Metadata() : details);
  }

  private static RetryInfo retry(Duration wait) {
    return RetryInfo.newBuilder()
        .setRetryDelay(
            com.google.protobuf.Duration.newBuilder()
                .setSeconds(wait.getSeconds())
                .setNanos(wait.getNano()))
        .build();
  }

  /**
   * A status that another service answered with, as our own exception.
   *
   * @param what names the thing that was asked for, put before the answer's line
   */
  public static QuartetException received(StatusRuntimeException e, String what) {
    Status status = e.getStatus();
    ErrorCode code =
        switch (status.getCode()) {
          case INVALID_ARGUMENT -> ErrorCode.INVALID_ARGUMENT;
          case NOT_FOUND -> ErrorCode.NOT_FOUND;
          case ALREADY_EXISTS -> ErrorCode.ALREADY_EXISTS;
          case FAILED_PRECONDITION -> ErrorCode.FAILED_PRECONDITION;
          case OUT_OF_RANGE -> ErrorCode.OUT_OF_RANGE;
          case RESOURCE_EXHAUSTED -> ErrorCode.RESOURCE_EXHAUSTED;
          case DATA_LOSS -> ErrorCode.DATA_LOSS;
          case UNAVAILABLE -> ErrorCode.UNAVAILABLE;
          case DEADLINE_EXCEEDED -> ErrorCode.DEADLINE_EXCEEDED;
          case CANCELLED -> ErrorCode.CANCELLED;
          case UNAUTHENTICATED -> ErrorCode.UNAUTHENTICATED;
          case PERMISSION_DENIED -> ErrorCode.PERMISSION_DENIED;
          case INTERNAL, UNKNOWN, UNIMPLEMENTED, ABORTED, OK -> ErrorCode.INTERNAL;
        };
    String line =
        status.getDescription() == null ? status.getCode().name() : status.getDescription();
    return new QuartetException(code, what + ": " + line, e);
  }

  private static Status status(ErrorCode code) {
    return switch (code) {
      case INVALID_ARGUMENT -> Status.INVALID_ARGUMENT;
      case NOT_FOUND -> Status.NOT_FOUND;
      case ALREADY_EXISTS -> Status.ALREADY_EXISTS;
      case FAILED_PRECONDITION -> Status.FAILED_PRECONDITION;
      case OUT_OF_RANGE -> Status.OUT_OF_RANGE;
      case RESOURCE_EXHAUSTED -> Status.RESOURCE_EXHAUSTED;
      case DATA_LOSS -> Status.DATA_LOSS;
      case UNAVAILABLE -> Status.UNAVAILABLE;
      case DEADLINE_EXCEEDED -> Status.DEADLINE_EXCEEDED;
      case CANCELLED -> Status.CANCELLED;
      case UNAUTHENTICATED -> Status.UNAUTHENTICATED;
      case PERMISSION_DENIED -> Status.PERMISSION_DENIED;
      case INTERNAL -> Status.INTERNAL;
    };
  }
}
