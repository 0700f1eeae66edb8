package io.quartet.service;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Any;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class GrpcErrorsTest {
  @Test
  void everyCategoryIsTheStatusOfItsName() {
    for (ErrorCode code : ErrorCode.values()) {
      assertThat(GrpcErrors.of(new QuartetException(code, "why")).getStatus().getCode())
          .isEqualTo(Status.Code.valueOf(code.name()));
    }
  }

  @Test
  void whoeverMayTryAgainIsToldWhen() {
    var failure = QuartetException.retryLater("queue is full", Duration.ofMillis(1500));

    assertThat(StatusProto.fromThrowable(GrpcErrors.of(failure)))
        .isEqualTo(
            com.google.rpc.Status.newBuilder()
                .setCode(Status.Code.RESOURCE_EXHAUSTED.value())
                .setMessage("queue is full")
                .addDetails(
                    Any.pack(
                        ErrorInfo.newBuilder()
                            .setReason("RESOURCE_EXHAUSTED")
                            .setDomain("quartet.io")
                            .build()))
                .addDetails(
                    Any.pack(
                        RetryInfo.newBuilder()
                            .setRetryDelay(
                                com.google.protobuf.Duration.newBuilder()
                                    .setSeconds(1)
                                    .setNanos(500_000_000))
                            .build()))
                .build());
  }
}
