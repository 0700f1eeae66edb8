package io.quartet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Timestamps;
import io.quartet.cli.run.RunChannel;
import io.quartet.cli.run.RunView;
import io.quartet.v1.CheckpointFile;
import io.quartet.v1.Stage;
import io.quartet.v1.StageProgress;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.EnumMap;
import java.util.Map;
import java.util.Queue;
import java.util.function.Predicate;

/** A run as the broker tells it, whose stages' processes are killed and started again. */
final class KilledRun implements AutoCloseable {
  private static final Duration POLL = Duration.ofMillis(50);

  private final TestStack stack;
  private final String run;
  private final RunChannel channel;
  private final Queue<StageProgress> unread = new ArrayDeque<>();

  KilledRun(TestStack stack, String run) {
    this.stack = stack;
    this.run = run;
    this.channel = stack.channel();
  }

  /**
   * Sends SIGKILL to a stage's process once the stage has reached a step, and starts it again.
   *
   * @return the step that it goes on with
   */
  long killAt(Stage stage, long step, String process) throws Exception {
    StageProgress reached = await(stage, progress -> progress.getStep() >= step);
    assertThat(reached.getStep()).as("caught in its middle").isLessThan(reached.getTotalSteps());
    ProcessHandle killed = stack.process(process);
    killed.destroyForcibly();
    TestStack.await(() -> !killed.isAlive());
    Timestamp end = Timestamps.fromMillis(System.currentTimeMillis());
    stack.repair();
    return await(
            stage,
            progress ->
                progress.getStep() > 0 && Timestamps.compare(progress.getUpdated(), end) > 0)
        .getStep();
  }

  private StageProgress await(Stage stage, Predicate<StageProgress> condition) throws Exception {
    for (long deadline = System.nanoTime() + Duration.ofMinutes(4).toNanos(); ; ) {
      while (!unread.isEmpty()) {
        StageProgress next = unread.remove();
        if (next.getStage() == stage && condition.test(next)) {
          return next;
        }
      }
      assertThat(System.nanoTime()).as("waited four minutes for " + stage).isLessThan(deadline);
      for (Message event : channel.poll(POLL)) {
        if (event instanceof StageProgress progress && progress.getRun().equals(run)) {
          unread.add(progress);
        }
      }
    }
  }

  /** SHA-256 of each stage's published weights. */
  static Map<Stage, String> weights(TestStack stack, String run) {
    RunView view = new RunView(run);
    try (RunChannel channel = stack.channel()) {
      channel.all().forEach(view::add);
    }
    Map<Stage, String> weights = new EnumMap<>(Stage.class);
    for (Stage stage : RunView.STAGES) {
      view.result(stage).orElseThrow().getFilesList().stream()
          .filter(file -> file.getName().equals("model.safetensors"))
          .map(CheckpointFile::getSha256)
          .forEach(digest -> weights.put(stage, digest));
    }
    return weights;
  }

  @Override
  public void close() {
    channel.close();
  }
}
