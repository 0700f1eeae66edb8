package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.bytedeco.javacpp.PointerScope;

/**
 * The threads that train. Part i of the work is always done by worker i modulo {@link #count()}, in
 * order, so sums are taken in the same order every time.
 */
public final class Workers implements AutoCloseable {
  /** Does one part of the work inside the worker's pointer scope: only Java values may leave it. */
  @FunctionalInterface
  public interface Task<P, R> {
    /** The result for one part; {@code worker} counts from 0. */
    R run(int worker, P part);
  }

  private final int count;
  private final ExecutorService others;

  /** Starts the threads; the caller's own is worker 0. */
  Workers(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("threads: got %d, expected 1 or more".formatted(count));
    }
    this.count = count;
    var number = new AtomicInteger(1);
    this.others =
        Executors.newFixedThreadPool(
            Math.max(1, count - 1),
            task -> {
              var thread =
                  new Thread(
                      () -> {
                        TorchRuntime.useOneThreadPerOperation();
                        task.run();
                      },
                      "trainer-" + number.getAndIncrement());
              thread.setDaemon(true);
              return thread;
            });
  }

  /** How many threads there are, 1 or more. */
  public int count() {
    return count;
  }

  /**
   * Runs a task on every part and waits for all of them, even if one fails or this thread is
   * interrupted: native work cannot be stopped in the middle.
   *
   * @return the results in the order of the parts
   * @throws QuartetException INTERNAL, with one line, if libtorch fails
   */
  public <P, R> List<R> map(List<P> parts, Task<P, R> task) {
    var pending = new ArrayList<Future<List<R>>>();
    for (int worker = 1; worker < Math.min(count, parts.size()); worker++) {
      int number = worker;
      Callable<List<R>> share = () -> share(number, parts, task);
      pending.add(others.submit(share));
    }
    var shares = new ArrayList<List<R>>();
    RuntimeException failure = null;
    try {
      shares.add(share(0, parts, task));
    } catch (RuntimeException e) {
      failure = e;
    }
    for (Future<List<R>> future : pending) {
      try {
        shares.add(await(future));
      } catch (RuntimeException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw oneLine(failure);
    }
    var results = new ArrayList<R>(parts.size());
    for (int part = 0; part < parts.size(); part++) {
      results.add(shares.get(part % count).get(part / count));
    }
    return results;
  }

  /** libtorch's errors come as plain RuntimeExceptions with C++ frames in the message. */
  private static RuntimeException oneLine(RuntimeException failure) {
    String message = failure.getMessage();
    return failure.getClass() == RuntimeException.class && message != null
        ? new QuartetException(
            ErrorCode.INTERNAL, "libtorch: " + message.lines().findFirst().orElse(""), failure)
        : failure;
  }

  private <P, R> List<R> share(int worker, List<P> parts, Task<P, R> task) {
    var results = new ArrayList<R>();
    for (int part = worker; part < parts.size(); part += count) {
      try (var scope = new PointerScope()) {
        results.add(task.run(worker, parts.get(part)));
      }
    }
    return results;
  }

  private static <T> T await(Future<T> future) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return future.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          if (e.getCause() instanceof RuntimeException cause) {
            throw cause;
          }
          throw new IllegalStateException(e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Ends the threads. */
  @Override
  public void close() {
    others.shutdown();
  }
}
