package io.quartet.gateway;

import static io.quartet.v1.Priority.PRIORITY_BATCH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.Duration;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.Priority;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RequestsTest {
  @ParameterizedTest
  @CsvSource({
    "9223372036854775807, 2000000000",
    "315576000001, 0",
    "1, 1000000000",
    "1, -1",
    "-1, 0",
    "0, -1"
  })
  void aTimeLimitThatIsNoneIsRefused(long seconds, int nanos) {
    assertThatThrownBy(() -> Requests.urgency(PRIORITY_BATCH, true, limit(seconds, nanos)))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessage(
            "time_limit: %d s and %d ns, expected 0 to 315576000000 s and 0 to 999999999 ns",
            seconds, nanos);
  }

  @Test
  void aTimeLimitIsTakenToTheNanosecond() {
    assertThat(Requests.urgency(PRIORITY_BATCH, true, limit(2, 5)))
        .isEqualTo(
            new Urgency(Priority.BATCH, Optional.of(java.time.Duration.ofSeconds(2).plusNanos(5))));
  }

  private static Duration limit(long seconds, int nanos) {
    return Duration.newBuilder().setSeconds(seconds).setNanos(nanos).build();
  }
}
