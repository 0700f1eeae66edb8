package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.Safetensors;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ReplicaGroupTest {
  @TempDir private Path folder;

  @Test
  void twoRanksTrainAsOneDoes() throws Exception {
    Path alone = Files.createDirectory(folder.resolve("alone"));
    Path both = Files.createDirectory(folder.resolve("both"));
    String heldOutAlone;
    try (var one = ReplicaProcess.start(0, 1, freePort(), 2, alone)) {
      heldOutAlone = one.await("held out");
      one.await("done");
    }
    int port = freePort();
    try (var first = ReplicaProcess.start(0, 2, port, 1, both);
        var second = ReplicaProcess.start(1, 2, port, 1, both)) {
      assertThat(first.await("held out")).isEqualTo(heldOutAlone);
      first.await("done");
      second.await("done");
    }

    // Two terms have one sum, whatever their order: equal to the last bit.
    Path expected = alone.resolve("rank0.safetensors");
    assertThat(weights(both.resolve("rank0.safetensors"))).isEqualTo(weights(expected));
    assertThat(weights(both.resolve("rank1.safetensors"))).isEqualTo(weights(expected));
    assertThat(both.resolve("snapshots1")).doesNotExist();
  }

  @Test
  void aLostRankFailsTheStepAndTheGroupEndsAsIfNothingHadHappened() throws Exception {
    Path whole = Files.createDirectory(folder.resolve("whole"));
    Path killed = Files.createDirectory(folder.resolve("killed"));
    try (var one = ReplicaProcess.start(0, 1, freePort(), 2, whole)) {
      one.await("done");
    }
    int port = freePort();
    try (var first = ReplicaProcess.start(0, 2, port, 1, killed)) {
      try (var second = ReplicaProcess.start(1, 2, port, 1, killed)) {
        first.await("step 5 ");
        second.kill();
        assertThat(first.await("failed"))
            .startsWith("failed UNAVAILABLE replica 0 of 2 has lost another one: ");
      }
      try (var second = ReplicaProcess.start(1, 2, port, 1, killed)) {
        assertThat(first.await("step ")).startsWith("step 5 "); // after the snapshot of step 4
        first.await("step 9 ");
        long frozen = System.nanoTime();
        second.freeze();
        assertThat(first.await("failed")).endsWith("no answer within 4 seconds");
        assertThat(Duration.ofNanos(System.nanoTime() - frozen)).isLessThan(Duration.ofSeconds(10));
      }
      try (var second = ReplicaProcess.start(1, 2, port, 1, killed)) {
        first.await("done");
        second.await("done");
      }
    }

    assertThat(weights(killed.resolve("rank0.safetensors")))
        .isEqualTo(weights(whole.resolve("rank0.safetensors")));
  }

  @Test
  void theLeadersPortIsOpenOnItsOwnAddressOnly() throws Exception {
    int port = freePort();
    var address = new InetSocketAddress("127.0.0.1", port);

    assertThat(ListeningSocket.open(address)).isPresent();

    try (var elsewhere = new ServerSocket()) {
      elsewhere.setReuseAddress(true);
      elsewhere.bind(new InetSocketAddress("127.0.0.2", port)); // taken, if it listened everywhere
    }
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress("127.0.0.1", 0));
      return socket.getLocalPort();
    }
  }

  private static Map<String, List<Float>> weights(Path file) {
    var weights = new HashMap<String, List<Float>>();
    try (var tensors = Safetensors.open(file)) {
      tensors.names().forEach(name -> weights.put(name, Tiny.list(tensors.floats(name))));
    }
    return weights;
  }
}
