package io.quartet.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReplicaTest {
  private static final Duration DEADLINE = Duration.ofSeconds(30);
  private static final Map<String, String> SECOND_OF_TWO =
      Map.of(
          "WORLD_SIZE", "2",
          "RANK", "1",
          "MASTER_ADDR", "base-service-0.base-replicas",
          "MASTER_PORT", "19126");

  @Test
  void theEnvironmentSaysWhichOneThisIs() {
    assertThat(Replica.of(SECOND_OF_TWO, DEADLINE))
        .isEqualTo(
            new Replica(
                1,
                2,
                InetSocketAddress.createUnresolved("base-service-0.base-replicas", 19126),
                DEADLINE));
    assertThat(Replica.of(Map.of("HOSTNAME", "base-service-1"), DEADLINE))
        .isEqualTo(Replica.alone(DEADLINE));
  }

  @Test
  void aPodsOrdinalIsItsRank() {
    assertThat(Replica.of(with("RANK", "", "HOSTNAME", "base-service-1"), DEADLINE))
        .isEqualTo(Replica.of(SECOND_OF_TWO, DEADLINE));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "RANK|2|RANK: got 2, expected 0 to 1 (WORLD_SIZE is 2)",
        "RANK|x|RANK: got 'x', expected a whole number",
        "RANK||RANK: WORLD_SIZE is 2, but there is neither RANK nor an ordinal at the end of"
            + " HOSTNAME, 'laptop'",
        "WORLD_SIZE|0|WORLD_SIZE: got 0, expected 1 or more",
        "MASTER_ADDR||MASTER_ADDR: not set, expected rank 0's (WORLD_SIZE is 2)",
        "MASTER_PORT||MASTER_PORT: not set, expected rank 0's (WORLD_SIZE is 2)",
        "MASTER_PORT|70000|MASTER_PORT: got 70000, expected 1 to 65535",
      })
  void whatCannotBeIsNamed(String name, String value, String message) {
    Map<String, String> environment = with(name, value == null ? "" : value, "HOSTNAME", "laptop");

    assertThatThrownBy(() -> Replica.of(environment, DEADLINE))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT))
        .hasMessage(message);
  }

  /** The environment of the second of two with changes; an empty value takes a variable out. */
  private static Map<String, String> with(String... changes) {
    var environment = new HashMap<>(SECOND_OF_TWO);
    for (int i = 0; i < changes.length; i += 2) {
      environment.put(changes[i], changes[i + 1]);
    }
    environment.values().removeIf(String::isEmpty);
    return environment;
  }
}
