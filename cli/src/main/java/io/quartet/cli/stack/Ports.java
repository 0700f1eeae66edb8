package io.quartet.cli.stack;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;

/**
 * The stack's addresses: every port is at a fixed distance from the broker's.
 *
 * @param host the address that everything listens on
 * @param base the broker's port; the others are up to {@value #SPAN} above it
 */
public record Ports(String host, int base) {
  /** The broker's port unless said otherwise. */
  public static final int DEFAULT_BASE = 19092;

  /** Listens to this machine alone. */
  public static final String LOOPBACK = "127.0.0.1";

  static final int SPAN = 100;

  /** Checks that there is room for every port. */
  public Ports {
    if (base < 1024 || base > 65_535 - SPAN) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "port base: got %d, expected 1024 to %d".formatted(base, 65_535 - SPAN));
    }
  }

  /** The broker's address. */
  public String bootstrap() {
    return host + ":" + base;
  }

  int controller() {
    return base + 1;
  }

  /** The port at a distance from the base. */
  int at(int offset) {
    return base + offset;
  }

  /**
   * Checks that nothing listens on a port yet.
   *
   * @throws QuartetException FAILED_PRECONDITION with the port and who wants it
   */
  void requireFree(int port, String owner) {
    try (ServerSocket socket = new ServerSocket()) {
      socket.setReuseAddress(true);
      socket.bind(new InetSocketAddress(host, port));
    } catch (IOException e) {
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          "port %d on %s, for %s, cannot be had (%s): free it, or choose others with --port-base"
              .formatted(port, host, owner, e.getMessage()),
          e);
    }
  }
}
