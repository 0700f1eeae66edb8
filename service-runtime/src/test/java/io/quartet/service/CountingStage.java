package io.quartet.service;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.PendingCheckpoint;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.TinyCheckpoints;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;

/** A stage that only counts; each step takes a permit, so that a test says how far it comes. */
final class CountingStage implements TrainingStage {
  private static final int STEPS = 10;

  private final Stage stage;
  private final Set<Stage> needs;
  final Semaphore permits;
  final List<Integer> steps = new CopyOnWriteArrayList<>();
  final List<String> endpoints = new CopyOnWriteArrayList<>();
  volatile int failsAt = -1;

  CountingStage(Stage stage, Set<Stage> needs, int permits) {
    this.stage = stage;
    this.needs = needs;
    this.permits = new Semaphore(permits);
  }

  @Override
  public Stage stage() {
    return stage;
  }

  @Override
  public Set<Stage> needs() {
    return needs;
  }

  @Override
  public Checkpoint train(StageContext context) throws InterruptedException {
    needs.forEach(context::input);
    needs.forEach(needed -> endpoints.add(context.endpoint(needed)));
    Path snapshot = context.scratch().resolve("step.txt");
    try {
      int done = Files.exists(snapshot) ? Integer.parseInt(Files.readString(snapshot)) : 0;
      while (done < STEPS) {
        while (!permits.tryAcquire(20, java.util.concurrent.TimeUnit.MILLISECONDS)) {
          context.progress(done, STEPS, "training", Map.of("tokens", 8.0 * done));
        }
        if (done == failsAt) {
          throw new QuartetException(ErrorCode.INVALID_ARGUMENT, "words.jsonl:3: no text");
        }
        steps.add(++done);
        Files.writeString(snapshot, Integer.toString(done));
        context.progress(done, STEPS, "training", Map.of("tokens", 8.0 * done, "loss", 1.0 / done));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    try (PendingCheckpoint pending = context.begin(STEPS)) {
      TinyCheckpoints.write(pending.directory(), TinyCheckpoints.CONFIG, 1);
      return pending.publish();
    }
  }
}
