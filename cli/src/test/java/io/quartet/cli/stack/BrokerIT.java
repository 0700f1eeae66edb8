package io.quartet.cli.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Logs;
import io.quartet.cli.run.RunChannel;
import io.quartet.v1.RunSubmitted;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The broker as the process that it is. */
class BrokerIT {
  private static final Ports PORTS = FreePorts.choose();

  @TempDir private Path folder;

  @BeforeAll
  static void quietClients() {
    Logs.off();
  }

  @Test
  void runsOutliveTheBrokersProcess() throws Exception {
    RunSubmitted submitted;
    Process first = start();
    try (RunChannel channel = new RunChannel(PORTS.bootstrap())) {
      submitted = channel.submit("mine-1", "name: mine\n");
      assertThat(poll(channel)).containsExactly(submitted);
      channel.cancel(submitted);
      assertThat(poll(channel)).containsExactly(submitted.toBuilder().setCancelled(true).build());
    } finally {
      end(first);
    }

    assertThatThrownBy(() -> new RunChannel(PORTS.bootstrap()))
        .hasMessage("no broker answers at %s: is the stack up?", PORTS.bootstrap())
        .extracting(e -> ((QuartetException) e).code())
        .isEqualTo(ErrorCode.UNAVAILABLE);

    Process second = start();
    try (RunChannel channel = new RunChannel(PORTS.bootstrap());
        Admin admin = Admin.create(Map.of("bootstrap.servers", PORTS.bootstrap()))) {
      assertThat(channel.all())
          .containsExactly(submitted, submitted.toBuilder().setCancelled(true).build());
      assertThat(cleanupPolicies(admin))
          .isEqualTo(
              Map.of(
                  "quartet.runs", "compact",
                  "quartet.checkpoints", "compact",
                  "quartet.policies", "compact",
                  "quartet.routes", "compact",
                  "quartet.progress", "delete",
                  "quartet.rollout-requests", "delete",
                  "quartet.rollouts", "delete"));
      assertThat(
              setting(
                  admin, ConfigResource.Type.GROUP, "rollout-workers", "share.auto.offset.reset"))
          .isEqualTo("earliest");
    } finally {
      end(second);
    }
  }

  private Process start() throws Exception {
    List<String> command = new ArrayList<>(Jvm.command(256));
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            Broker.class.getName(),
            folder.toString(),
            PORTS.host(),
            Integer.toString(PORTS.base())));
    Path log = folder.resolve("broker.log");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
            .start();
    for (int i = 0; !Files.exists(folder.resolve(Broker.READY)); i++) {
      assertThat(process.isAlive() && i < 600).as(LogTail.cause(log)).isTrue();
      Thread.sleep(100);
    }
    return process;
  }

  private void end(Process process) throws Exception {
    process.destroy();
    process.waitFor();
    Files.deleteIfExists(folder.resolve(Broker.READY));
  }

  private static List<Object> poll(RunChannel channel) {
    List<Object> events = new ArrayList<>();
    for (int i = 0; events.isEmpty() && i < 50; i++) {
      events.addAll(channel.poll(Duration.ofMillis(200)));
    }
    return events;
  }

  private static Map<String, String> cleanupPolicies(Admin admin) throws Exception {
    return admin.listTopics().names().get().stream()
        .filter(t -> t.startsWith("quartet."))
        .collect(
            Collectors.toMap(
                t -> t, t -> setting(admin, ConfigResource.Type.TOPIC, t, "cleanup.policy")));
  }

  private static String setting(
      Admin admin, ConfigResource.Type type, String name, String setting) {
    var resource = new ConfigResource(type, name);
    try {
      return admin
          .describeConfigs(List.of(resource))
          .all()
          .get()
          .get(resource)
          .get(setting)
          .value();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
