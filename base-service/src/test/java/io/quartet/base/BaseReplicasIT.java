package io.quartet.base;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.util.Timestamps;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.recipe.Recipe;
import io.quartet.service.EmbeddedBroker;
import io.quartet.service.Events;
import io.quartet.service.ServiceProcess;
import io.quartet.service.StageTrial;
import io.quartet.service.Topic;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StageState;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two of the packaged service as processes that train one model. */
class BaseReplicasIT {
  private static final String RECIPE =
      Recipe.committedYaml("tiny")
          .replace("precision: bf16", "precision: fp32")
          .replace("steps: 150", "steps: 60")
          .replace("snapshot_every: 40", "snapshot_every: 10");

  @TempDir private Path folder;

  @Test
  void aKilledReplicaCostsTheRunNothing() throws Exception {
    List<StageProgress> progress = new CopyOnWriteArrayList<>();
    String port = Integer.toString(ServiceProcess.freePort());
    try (var broker = EmbeddedBroker.open();
        var events = new Events(broker.bootstrap(), (short) 1)) {
      events.follow(Topic.PROGRESS, progress::add);
      try (var leader = start(0, port, broker.bootstrap())) {
        try (var follower = start(1, port, broker.bootstrap())) {
          events.publish(Topic.RUNS, submission());
          await().atMost(90, SECONDS).until(() -> reached(progress) > 20);
          follower.close(); // SIGKILL
          await()
              .atMost(20, SECONDS)
              .until(() -> leader.output().contains("replica 0 of 2 has lost another one"));
        }
        try (var follower = start(1, port, broker.bootstrap())) {
          await().atMost(90, SECONDS).until(() -> ended(progress));
          assertThat(follower.output()).contains("base stage of run 'pair' is trained");
        }
      }
    }

    StageProgress end = progress.get(progress.size() - 1);
    assertThat(end.getState()).as(end.toString()).isEqualTo(StageState.STAGE_STATE_COMPLETED);
    Checkpoint trained = store(0).get(CheckpointId.parse("base/pair/60"));
    assertThat(trained.training().metrics()).containsEntry("replicas", 2L);
    assertThat(store(1).list()).isEmpty();
    Checkpoint alone =
        new StageTrial(folder.resolve("alone"))
            .train(
                new BaseStage(), "pair", Recipe.parse(RECIPE.replace("threads: 1", "threads: 2")));
    assertThat(Files.mismatch(trained.weights(), alone.weights())).isEqualTo(-1);
  }

  private static long reached(List<StageProgress> progress) {
    return progress.stream().mapToLong(StageProgress::getStep).max().orElse(0);
  }

  private static boolean ended(List<StageProgress> progress) {
    StageState state = progress.get(progress.size() - 1).getState();
    return state == StageState.STAGE_STATE_COMPLETED || state == StageState.STAGE_STATE_FAILED;
  }

  private static RunSubmitted submission() {
    return RunSubmitted.newBuilder()
        .setRun("pair")
        .setRecipeYaml(RECIPE)
        .setSubmitted(Timestamps.fromMillis(System.currentTimeMillis()))
        .build();
  }

  private Path home(int rank) {
    return folder.resolve("rank" + rank);
  }

  private CheckpointStore store(int rank) {
    return new CheckpointStore(home(rank).resolve("checkpoints"));
  }

  private ServiceProcess start(int rank, String port, String bootstrap) throws IOException {
    return ServiceProcess.start(
        Files.createTempFile(folder, "rank" + rank, ".log"),
        Map.of(
            "quartet.home",
            home(rank).toString(),
            "quartet.kafka.bootstrap",
            bootstrap,
            "quartet.replica-deadline",
            "PT20S"),
        Map.of(
            "RANK",
            Integer.toString(rank),
            "WORLD_SIZE",
            "2",
            "MASTER_ADDR",
            "127.0.0.1",
            "MASTER_PORT",
            port));
  }
}
