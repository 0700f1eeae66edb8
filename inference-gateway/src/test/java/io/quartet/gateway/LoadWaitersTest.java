package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class LoadWaitersTest {
  private static final CheckpointId ID = CheckpointId.parse("rl/r/1");

  private final LoadWaiters waiters = new LoadWaiters();

  @Test
  void oneMoreThanMayWaitIsToldWhenToComeAgain() throws InterruptedException {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < 32; i++) {
      var thread = new Thread(this::waitLong);
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
    await().until(() -> threads.stream().allMatch(t -> t.getState() == Thread.State.TIMED_WAITING));

    assertThatThrownBy(() -> waitLong())
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED);
              assertThat(e.retryAfter()).isPresent();
            })
        .hasMessageStartingWith("model 'rl': 32 requests wait for models to load");

    synchronized (this) {
      notifyAll();
    }
    for (Thread thread : threads) {
      thread.join();
    }
  }

  @Test
  void whoseTimeIsUpIsToldWhatIsNotThere() {
    assertThatThrownBy(() -> waitUntil(System.nanoTime()))
        .hasMessage("model 'rl': rl/r/1 is not loaded yet");
  }

  private void waitLong() {
    try {
      waitUntil(System.nanoTime() + Duration.ofMinutes(5).toNanos());
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private synchronized void waitUntil(long end) throws InterruptedException {
    waiters.await(this, "rl", ID, end);
  }
}
