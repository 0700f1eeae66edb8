package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.QuartetException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which of the processes that train a stage together this one is. The environment says it by the
 * names that torchrun uses: {@code WORLD_SIZE}, {@code RANK}, {@code MASTER_ADDR} and {@code
 * MASTER_PORT}; a pod of a StatefulSet needs no {@code RANK}, its {@code HOSTNAME} ends with it.
 *
 * @param rank from 0; rank 0 leads: it publishes, and the others follow it
 * @param size how many processes there are
 * @param leader where rank 0 is met, unresolved
 * @param deadline how long one may keep the others waiting within a step
 */
public record Replica(int rank, int size, InetSocketAddress leader, Duration deadline) {
  private static final Pattern ORDINAL = Pattern.compile(".*-(\\d{1,4})");

  /** Checks that the rank is one of the group's, and the deadline a time. */
  public Replica {
    if (size < 1) {
      throw invalid("WORLD_SIZE: got %d, expected 1 or more", size);
    }
    if (rank < 0 || rank >= size) {
      throw invalid("RANK: got %d, expected 0 to %d (WORLD_SIZE is %d)", rank, size - 1, size);
    }
    if (deadline.isNegative() || deadline.isZero()) {
      throw invalid("quartet.replica-deadline: got %s, expected more than 0", deadline);
    }
  }

  /** The only process. */
  static Replica alone(Duration deadline) {
    return new Replica(0, 1, InetSocketAddress.createUnresolved("127.0.0.1", 0), deadline);
  }

  /**
   * What the environment says; without {@code WORLD_SIZE}, or with 1, this process is alone.
   *
   * @throws QuartetException INVALID_ARGUMENT naming the variable, what was found and expected
   */
  static Replica of(Map<String, String> environment, Duration deadline) {
    int size = number("WORLD_SIZE", environment.getOrDefault("WORLD_SIZE", "1"));
    if (size == 1) {
      return alone(deadline);
    }
    String rank = environment.get("RANK");
    if (rank == null) {
      String host = environment.getOrDefault("HOSTNAME", "");
      Matcher ordinal = ORDINAL.matcher(host);
      if (!ordinal.matches()) {
        throw invalid(
            "RANK: WORLD_SIZE is %d, but there is neither RANK nor an ordinal at the end of"
                + " HOSTNAME, '%s'",
            size, host);
      }
      rank = ordinal.group(1);
    }
    String host = environment.get("MASTER_ADDR");
    String port = environment.get("MASTER_PORT");
    if (host == null || port == null) {
      throw invalid(
          "%s: not set, expected rank 0's (WORLD_SIZE is %d)",
          host == null ? "MASTER_ADDR" : "MASTER_PORT", size);
    }
    int number = number("MASTER_PORT", port);
    if (number < 1 || number > 65_535) {
      throw invalid("MASTER_PORT: got %d, expected 1 to 65535", number);
    }
    return new Replica(
        number("RANK", rank), size, InetSocketAddress.createUnresolved(host, number), deadline);
  }

  /** Whether this process publishes what is trained; the others only compute. */
  public boolean leads() {
    return rank == 0;
  }

  private static int number(String name, String value) {
    if (!value.matches("\\d{1,9}")) {
      throw invalid("%s: got '%s', expected a whole number", name, value);
    }
    return Integer.parseInt(value);
  }

  private static QuartetException invalid(String message, Object... values) {
    return new QuartetException(INVALID_ARGUMENT, message.formatted(values));
  }
}
