package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.model.ReplicaGroup.Seat;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * What a group leaves behind: a process that wrote into freed memory dies of it, sooner or later.
 */
@Timeout(180)
class EndedGroupsTest {
  private static final int GROUPS = 20;

  @Test
  void aProcessOutlivesItsGroups() throws Exception {
    int port = freePort();
    Process leader = start(0, port);
    Process follower = start(1, port);
    try {
      String output = output(leader) + output(follower);
      assertThat(List.of(leader.waitFor(), follower.waitFor())).as(output).containsExactly(0, 0);
    } finally {
      leader.destroyForcibly();
      follower.destroyForcibly();
    }
  }

  private static Process start(int rank, int port) throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-XX:ErrorFile=/dev/null",
            "-cp",
            System.getProperty("java.class.path"),
            EndedGroupsTest.class.getName(),
            Integer.toString(rank),
            Integer.toString(port))
        .redirectErrorStream(true)
        .start();
  }

  private static String output(Process process) throws IOException {
    return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress("127.0.0.1", 0));
      return socket.getLocalPort();
    }
  }

  /** Joins one group after the other, and takes and frees memory in each. */
  public static void main(String[] arguments) {
    var seat =
        new Seat(
            Integer.parseInt(arguments[0]),
            2,
            new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[1])),
            Duration.ofSeconds(10));
    for (int number = 0; number < GROUPS; number++) {
      try (Workers workers = TorchRuntime.configure(1);
          ReplicaGroup group = ReplicaGroup.join(seat, "group " + number, () -> {})) {
        for (int i = 0; i < 20; i++) {
          try (var scope = new PointerScope()) {
            group.copyFromLeader(List.of(torch.ones(1000)));
          }
        }
        group.sum(workers.count()); // nobody leaves before the other is done
      }
      System.gc();
    }
  }
}
