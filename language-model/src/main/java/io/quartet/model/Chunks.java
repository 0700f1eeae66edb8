package io.quartet.model;

import io.quartet.model.PackedBatch.LastToken;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.bytedeco.pytorch.NoGradGuard;

/** Runs a model without gradients over many sequences, some at a time, on all workers. */
final class Chunks {
  private static final int TOKENS = 2048;
  private static final int CUDA_TOKENS = 1 << 13;

  private Chunks() {}

  /** Tokens of a chunk: bounds memory, and is enough for efficient matrix products. */
  static int tokens() {
    return TorchRuntime.cuda() ? CUDA_TOKENS : TOKENS;
  }

  /**
   * One result for each sequence, in their order.
   *
   * @param length the most tokens of a row
   * @param run gives a chunk's results in the order of its sequences
   */
  static <R> List<R> map(
      List<TokenSequence> sequences,
      int length,
      LastToken last,
      Workers workers,
      Function<PackedBatch, List<R>> run) {
    List<List<R>> results =
        workers.map(
            chunks(sequences),
            (worker, chunk) -> {
              try (var off = new NoGradGuard()) {
                return run.apply(PackedBatch.pack(chunk, length, last));
              }
            });
    return results.stream().flatMap(List::stream).toList();
  }

  private static List<List<TokenSequence>> chunks(List<TokenSequence> sequences) {
    var chunks = new ArrayList<List<TokenSequence>>();
    int from = 0;
    int tokens = 0;
    for (int i = 0; i < sequences.size(); i++) {
      if (i > from && tokens + sequences.get(i).length() > tokens()) {
        chunks.add(sequences.subList(from, i));
        from = i;
        tokens = 0;
      }
      tokens += sequences.get(i).length();
    }
    if (from < sequences.size()) {
      chunks.add(sequences.subList(from, sequences.size()));
    }
    return chunks;
  }
}
