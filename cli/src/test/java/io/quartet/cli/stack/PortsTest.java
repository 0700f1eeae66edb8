package io.quartet.cli.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.QuartetException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class PortsTest {

  @Test
  void noTwoProcessesShareAPort() {
    Ports ports = new Ports(Ports.LOOPBACK, Ports.DEFAULT_BASE);
    Set<Integer> taken = new HashSet<>(Set.of(ports.base(), ports.controller()));

    for (Member member :
        Member.all(
            ports,
            new Scale(Scale.MOST_ROLLOUT_WORKERS, Scale.MOST_REPLICAS, Scale.MOST_REPLICAS))) {
      assertThat(taken.add(member.grpc())).as(member.name()).isTrue();
      assertThat(taken.add(member.http())).as(member.name()).isTrue();
      assertThat(!member.leads() || taken.add(member.meetingPort())).as(member.name()).isTrue();
    }

    assertThat(taken)
        .allSatisfy(p -> assertThat(p).isBetween(ports.base(), ports.base() + Ports.SPAN));
  }

  @Test
  void replicasAreToldOfTheirGroupAndASingleProcessIsNot() {
    Ports ports = new Ports(Ports.LOOPBACK, 20_000);

    var environments =
        Member.all(ports, new Scale(1, 2, 1)).stream()
            .collect(Collectors.toMap(Member::name, Member::environment));

    assertThat(environments.get("base-service-1"))
        .containsExactlyInAnyOrderEntriesOf(
            Map.of(
                "RANK", "1",
                "WORLD_SIZE", "2",
                "MASTER_ADDR", "127.0.0.1",
                "MASTER_PORT", "20026"));
    assertThat(environments.get("base-service")).containsEntry("RANK", "0");
    assertThat(environments.get("sft-service")).isEmpty();
    assertThat(environments).doesNotContainKey("sft-service-1");
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
