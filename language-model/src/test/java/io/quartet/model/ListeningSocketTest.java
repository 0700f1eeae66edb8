package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ListeningSocketTest {
  private static final Duration SOON = Duration.ofSeconds(5);

  /** More than Linux has ports for outgoing connections, which it gives out in a row. */
  private static final int EVERY_PORT = 40_000;

  @Test
  void whoSeeksAListenerThatIsNotThereFindsNeitherItselfNorKeepsThePort() throws Exception {
    InetSocketAddress address = nobodyIsThere();
    for (int i = 0; i < EVERY_PORT; i++) {
      assertThat(ListeningSocket.answers(address, SOON)).isFalse();
    }
    try (var leader = new ServerSocket()) {
      leader.bind(address);
      assertThat(ListeningSocket.answers(address, SOON)).isTrue();
    }
  }

  /** Even, since Linux gives outgoing connections even ports first. */
  private static InetSocketAddress nobodyIsThere() throws IOException {
    while (true) {
      try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
        int port = socket.getLocalPort() & ~1;
        if (port != socket.getLocalPort()) {
          try (var even = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return (InetSocketAddress) even.getLocalSocketAddress();
          } catch (IOException e) {
            continue; // another's
          }
        }
        return (InetSocketAddress) socket.getLocalSocketAddress();
      }
    }
  }
}
