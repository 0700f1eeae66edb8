package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** An answer that is on its way. Safe for any thread. */
public final class GenerationHandle {
  private static final System.Logger LOG = System.getLogger(GenerationHandle.class.getName());

  private final CompletableFuture<Generation> result = new CompletableFuture<>();
  private final TokenListener listener;
  private volatile boolean cancelled;

  GenerationHandle(TokenListener listener) {
    this.listener = listener;
  }

  /**
   * Ends the answer with what it has, before the next decode step, and frees its slot. Does nothing
   * to an answer that has ended.
   */
  public void cancel() {
    cancelled = true;
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

  TokenListener listener() {
    return listener;
  }

  void complete(Generation generation) {
    result.complete(generation);
    tell(() -> listener.finished(generation));
  }

  void fail(QuartetException failure) {
    result.completeExceptionally(failure);
    tell(() -> listener.failed(failure));
  }

  /** The answer is over, so a listener's failure has nowhere to go but the log. */
  private static void tell(Runnable news) {
    try {
      news.run();
    } catch (RuntimeException e) {
      LOG.log(System.Logger.Level.WARNING, "a token listener failed at the end of its answer", e);
    }
  }
}
