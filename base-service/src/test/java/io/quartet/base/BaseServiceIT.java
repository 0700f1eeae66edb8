package io.quartet.base;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.util.Timestamps;
import io.quartet.recipe.Recipe;
import io.quartet.service.EmbeddedBroker;
import io.quartet.service.Events;
import io.quartet.service.ServiceProcess;
import io.quartet.service.Topic;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StageState;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The packaged service as a process. */
class BaseServiceIT {
  @TempDir private Path folder;

  @Test
  void aTakenPortIsToldInOneLine() throws Exception {
    for (String server : List.of("quarkus.grpc.server", "quarkus.http")) {
      try (var taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
          var service =
              start(
                  Map.of(
                      server + ".port",
                      Integer.toString(taken.getLocalPort()),
                      "quartet.home",
                      folder.toString()))) {
        assertThat(service.exitCode()).isEqualTo(1);
        assertThat(service.output().lines())
            .containsExactly(
                "error: %s.port: cannot listen on 127.0.0.1:%d (BindException: Address already in use)"
                    .formatted(server, taken.getLocalPort()));
      }
    }
  }

  @Test
  void aHomeThatIsAFileIsToldInOneLine() throws Exception {
    Path file = Files.createFile(folder.resolve("file"));
    try (var service = start(Map.of("quartet.home", file.resolve("home").toString()))) {
      assertThat(service.exitCode()).isEqualTo(1);
      assertThat(service.output().lines())
          .singleElement()
          .asString()
          .startsWith("error: quartet.home: '" + file.resolve("home") + "' is not a folder");
    }
  }

  @Test
  void aTerminatedServiceContinuesItsRunInTheNextProcess() throws Exception {
    // Snapshots only when asked: what the second process goes on from is what SIGTERM left.
    String recipe =
        Recipe.committedYaml("tiny")
            .replace("steps: 150", "steps: 400")
            .replace("  snapshot_every: 40", "  snapshot_every: 9999");
    try (var broker = EmbeddedBroker.open();
        var events = new Events(broker.bootstrap(), (short) 1)) {
      List<StageProgress> progress = new CopyOnWriteArrayList<>();
      List<CheckpointPublished> checkpoints = new CopyOnWriteArrayList<>();
      events.follow(Topic.PROGRESS, progress::add);
      events.follow(Topic.CHECKPOINTS, checkpoints::add);
      var properties =
          Map.of(
              "quartet.home", folder.resolve("home").toString(),
              "quartet.kafka.bootstrap", broker.bootstrap());
      events.publish(
          Topic.RUNS,
          RunSubmitted.newBuilder()
              .setRun("cut")
              .setRecipeYaml(recipe)
              .setSubmitted(Timestamps.fromMillis(System.currentTimeMillis()))
              .build());
      try (var service = start(properties)) {
        await().atMost(90, SECONDS).until(() -> progress.stream().anyMatch(p -> p.getStep() > 20));
        assertThat(service.terminate()).isEqualTo(143);
        assertThat(service.output()).contains("stopped at step");
      }
      int before = progress.size();
      long reached = progress.get(before - 1).getStep();
      try (var service = start(properties)) {
        await().atMost(90, SECONDS).until(() -> !checkpoints.isEmpty());
        await().until(() -> state(progress) == StageState.STAGE_STATE_COMPLETED);
        assertThat(service.output()).contains("base stage of run 'cut' continues");
      }
      assertThat(progress.subList(before, progress.size()))
          .filteredOn(p -> p.getPhase().equals("training"))
          .allMatch(p -> p.getStep() >= reached);
      assertThat(checkpoints.get(0).getCheckpointId()).isEqualTo("base/cut/400");
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX) // prlimit
  void aStageThatCannotWriteFailsWithItsCauseAndGoesOnFromItsSnapshotWhenAskedAgain()
      throws Exception {
    try (var broker = EmbeddedBroker.open();
        var events = new Events(broker.bootstrap(), (short) 1);
        var service =
            start(
                Map.of(
                    "quartet.home", folder.resolve("home").toString(),
                    "quartet.kafka.bootstrap", broker.bootstrap()))) {
      List<StageProgress> progress = new CopyOnWriteArrayList<>();
      events.follow(Topic.PROGRESS, progress::add);
      events.publish(Topic.RUNS, submission("full"));
      await().atMost(90, SECONDS).until(() -> progress.stream().anyMatch(p -> p.getStep() > 40));

      service.limitFileSize("65536");

      await().atMost(60, SECONDS).until(() -> state(progress) == StageState.STAGE_STATE_FAILED);
      int before = progress.size();
      assertThat(progress.get(before - 1).getFailure().getCode()).isEqualTo("RESOURCE_EXHAUSTED");
      assertThat(progress.get(before - 1).getFailure().getMessage())
          .startsWith("cannot write ")
          .contains("trainer.safetensors")
          .endsWith(": File too large");

      service.limitFileSize("unlimited");
      events.publish(Topic.RUNS, submission("full"));

      await().atMost(90, SECONDS).until(() -> state(progress) == StageState.STAGE_STATE_COMPLETED);
      assertThat(progress.subList(before, progress.size()))
          .filteredOn(p -> p.getPhase().equals("training"))
          .allMatch(p -> p.getStep() > 40);
    }
  }

  private static RunSubmitted submission(String run) {
    return RunSubmitted.newBuilder()
        .setRun(run)
        .setRecipeYaml(Recipe.committedYaml("tiny"))
        .setSubmitted(Timestamps.fromMillis(System.currentTimeMillis()))
        .build();
  }

  private static StageState state(List<StageProgress> progress) {
    return progress.get(progress.size() - 1).getState();
  }

  private ServiceProcess start(Map<String, String> properties) throws Exception {
    return ServiceProcess.start(Files.createTempFile(folder, "service", ".log"), properties);
  }
}
