package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;
import static io.quartet.v1.StageState.STAGE_STATE_COMPLETED;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.recipe.Recipe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/** The one platform thread on which this service's stage works, a run after the other. */
final class StageThread {
  private static final Logger LOG = Logger.getLogger(StageThread.class);
  private static final String ORIGIN = "origin.txt";

  private static final Duration WAIT_FOR_INPUTS = Duration.ofMinutes(2);

  private final TrainingStage stage;
  private final CheckpointExchange exchange;
  private final StageInputs inputs;
  private final ExecutorService executor;

  StageThread(TrainingStage stage, CheckpointExchange exchange, StageInputs inputs) {
    this.stage = stage;
    this.exchange = exchange;
    this.inputs = inputs;
    this.executor =
        Executors.newSingleThreadExecutor(
            task -> {
              var thread = new Thread(task, stage.stage().label() + "-stage");
              thread.setDaemon(true);
              return thread;
            });
  }

  void submit(String name, Recipe recipe, StageRun run) {
    executor.execute(
        () -> {
          run.execute(() -> work(name, recipe, run));
          if (run.progress().getState() == STAGE_STATE_COMPLETED) {
            delete(exchange.store().scratch(stage.stage(), name));
          }
          FreedMemory.giveBack();
        });
  }

  private Checkpoint work(String name, Recipe recipe, StageRun run) throws InterruptedException {
    var context =
        new StageContext(stage.stage(), name, recipe, exchange.store(), fetch(name, run), run);
    dropOtherAttempts(context);
    ResidentMemory.resetPeak();
    try {
      return stage.train(context);
    } finally {
      ResidentMemory.peak().ifPresent(bytes -> run.measured(ResidentMemory.PEAK, bytes));
    }
  }

  /** A service that holds an input may just be restarting: it is waited for. */
  private Map<Stage, StageInput> fetch(String name, StageRun run) throws InterruptedException {
    run.progress(0, 0, "fetching checkpoints", Map.of());
    for (Instant end = Instant.now().plus(WAIT_FOR_INPUTS); ; ) {
      try {
        return inputs.fetch(name);
      } catch (QuartetException e) {
        boolean leave = run.cancelled() || run.stopping() || Instant.now().isAfter(end);
        if (leave || e.code() != UNAVAILABLE) {
          throw e;
        }
      }
    }
  }

  /** A snapshot continues only what began with the same recipe and the same inputs. */
  static void dropOtherAttempts(StageContext context) {
    Path scratch = context.scratch();
    String origin = context.origin();
    Path file = scratch.resolve(ORIGIN);
    try {
      if (Files.exists(file)) {
        if (Files.readString(file).equals(origin)) {
          return;
        }
        LOG.warnf("%s began with another recipe or input; it begins anew", scratch);
        delete(scratch);
      }
      Files.createDirectories(scratch);
      // Never there in part: a snapshot beside half an origin would be taken for another's.
      Path temporary = scratch.resolve(ORIGIN + ".tmp");
      Files.writeString(temporary, origin);
      Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (var tree = Files.walk(folder)) {
      List<Path> deepestFirst = tree.sorted(Comparator.reverseOrder()).toList();
      for (Path path : deepestFirst) {
        Files.delete(path);
      }
    } catch (IOException e) {
      LOG.warnf("%s could not be removed: %s", folder, Failures.firstLine(e));
    }
  }

  /** Waits for the run under way to leave its snapshot and stop. */
  void close(Duration patience) {
    executor.shutdown(); // no interrupt: it would close the file that a snapshot is written to
    try {
      if (!executor.awaitTermination(patience.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warnf("the %s stage did not stop within %s", stage.stage().label(), patience);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
