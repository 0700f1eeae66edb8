package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** An answer that is on its way. Safe for any thread. */
public final class GenerationHandle {
  private final CompletableFuture<Generation> result = new CompletableFuture<>();
  private final Runnable onCancel;
  private volatile boolean cancelled;

  GenerationHandle(Runnable onCancel) {
    this.onCancel = onCancel;
  }

  /**
   * Ends the answer with what it has, before the next decode step, and frees its slot. Does nothing
   * to an answer that has ended.
   */
  public void cancel() {
    cancelled = true;
    onCancel.run();
  }

  /** Whether the answer has ended, in whatever way. */
  public boolean done() {
    return result.isDone();
  }

  /**
   * Waits for the answer to end.
   *
   * @throws QuartetException what ended it, if it failed
   * @throws InterruptedException if the thread is interrupted; the answer goes on
   */
  public Generation await() throws InterruptedException {
    try {
      return result.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof QuartetException failure) {
        // A new one, so that the trace shows who waited too.
        throw new QuartetException(failure.code(), String.valueOf(failure.getMessage()), failure);
      }
      throw new QuartetException(ErrorCode.INTERNAL, "generation failed: " + e.getCause(), e);
    }
  }

  boolean cancelled() {
    return cancelled;
  }

  void complete(Generation generation) {
    result.complete(generation);
  }

  void fail(QuartetException failure) {
    result.completeExceptionally(failure);
  }
}
