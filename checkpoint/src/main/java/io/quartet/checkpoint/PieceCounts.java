package io.quartet.checkpoint;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * Counts the pieces of texts on several threads. Texts are read by the caller's thread and handed
 * on in batches, of which only a few are in memory; each batch counts by itself and is then added
 * to the whole, so that the sums do not depend on who counted what.
 */
final class PieceCounts {
  /** Characters after which a batch is handed on. */
  private static final int BATCH = 1 << 20;

  private final Map<String, long[]> counts = new HashMap<>();

  private PieceCounts() {}

  /**
   * How often each piece comes.
   *
   * @param texts read once, in order
   * @throws QuartetException CANCELLED if the thread is interrupted
   */
  static Map<String, long[]> of(Iterable<String> texts, int threads) {
    var whole = new PieceCounts();
    ExecutorService workers = Executors.newFixedThreadPool(threads);
    try {
      whole.count(texts, workers, new Semaphore(2 * threads));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuartetException(ErrorCode.CANCELLED, "training the tokenizer was interrupted", e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("counting pieces: " + e.getCause(), e);
    } finally {
      workers.shutdownNow();
    }
    return whole.counts;
  }

  private void count(Iterable<String> texts, ExecutorService workers, Semaphore room)
      throws InterruptedException, ExecutionException {
    List<Future<?>> handedOn = new ArrayList<>();
    List<String> batch = new ArrayList<>();
    int characters = 0;
    for (String text : texts) {
      batch.add(text);
      characters += text.length();
      if (characters >= BATCH) {
        handedOn.add(handOn(batch, workers, room));
        batch = new ArrayList<>();
        characters = 0;
      }
    }
    handedOn.add(handOn(batch, workers, room));
    for (Future<?> counted : handedOn) {
      counted.get();
    }
  }

  private Future<?> handOn(List<String> batch, ExecutorService workers, Semaphore room)
      throws InterruptedException {
    room.acquire();
    return workers.submit(
        () -> {
          try {
            add(countsOf(batch));
          } finally {
            room.release();
          }
        });
  }

  private static Map<String, long[]> countsOf(List<String> batch) {
    Map<String, long[]> counts = new HashMap<>();
    for (String text : batch) {
      PreTokenizer.split(text, piece -> counts.computeIfAbsent(piece, p -> new long[1])[0]++);
    }
    return counts;
  }

  private synchronized void add(Map<String, long[]> some) {
    some.forEach((piece, count) -> counts.computeIfAbsent(piece, p -> new long[1])[0] += count[0]);
  }
}
