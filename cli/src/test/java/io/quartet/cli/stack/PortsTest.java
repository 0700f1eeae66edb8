package io.quartet.cli.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.QuartetException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PortsTest {

  @Test
  void noTwoProcessesShareAPort() {
    Ports ports = new Ports(Ports.LOOPBACK, Ports.DEFAULT_BASE);
    Set<Integer> taken = new HashSet<>(Set.of(ports.base(), ports.controller()));

    for (Member member : Member.all(ports, Member.MOST_ROLLOUT_WORKERS)) {
      assertThat(taken.add(member.grpc())).as(member.name()).isTrue();
      assertThat(taken.add(member.http())).as(member.name()).isTrue();
    }

    assertThat(taken)
        .allSatisfy(p -> assertThat(p).isBetween(ports.base(), ports.base() + Ports.SPAN));
  }

  @Test
  void aTakenPortIsNamedWithItsOwner() throws Exception {
    try (var socket = new ServerSocket(0, 1, InetAddress.getByName(Ports.LOOPBACK))) {
      Ports ports = new Ports(Ports.LOOPBACK, Ports.DEFAULT_BASE);

      assertThatThrownBy(() -> ports.requireFree(socket.getLocalPort(), "sft-service's gRPC"))
          .isInstanceOf(QuartetException.class)
          .hasMessageContainingAll(
              "port " + socket.getLocalPort(), "sft-service's gRPC", "--port-base");
    }
  }

  @Test
  void aBaseWithoutRoomAboveItIsRefused() {
    assertThatThrownBy(() -> new Ports(Ports.LOOPBACK, 65_500))
        .hasMessage("port base: got 65500, expected 1024 to 65435");
  }
}
