package io.quartet.decoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.Map;

/**
 * What goes through a model's head in a step, and what comes out: R rows, each a token's place in
 * the step, and their distributions over V tokens. Grows to the most rows that a step had.
 *
 * <p>Not thread-safe.
 */
final class HeadBuffers implements AutoCloseable {
  private final int vocabulary;
  private int capacity;
  private DirectMemory rows = DirectMemory.allocate(0, "rows");
  private DirectMemory inverseTemperatures = DirectMemory.allocate(0, "temperatures");
  private DirectMemory logits = DirectMemory.allocate(0, "logits");
  private DirectMemory logProbabilities = DirectMemory.allocate(0, "log-probabilities");
  private DirectMemory probabilities = DirectMemory.allocate(0, "probabilities");

  HeadBuffers(int vocabulary) {
    this.vocabulary = vocabulary;
  }

  /**
   * Makes room for so many rows, forgetting what is there.
   *
   * @return whether the memory moved, which makes every tensor of it stale
   */
  boolean reserve(int needed) {
    if (needed <= capacity) {
      return false;
    }
    close();
    rows = DirectMemory.allocate(16L * needed, "rows");
    inverseTemperatures = DirectMemory.allocate(4L * needed, "temperatures");
    logits = DirectMemory.allocate(4L * needed * vocabulary, "logits");
    logProbabilities = DirectMemory.allocate(4L * needed * vocabulary, "log-probabilities");
    probabilities = DirectMemory.allocate(4L * needed * vocabulary, "probabilities");
    capacity = needed;
    return true;
  }

  /**
   * Says which token goes through the head as a row.
   *
   * @param temperature of its distribution; 0 is read as 1
   */
  void put(int row, int sequence, int place, double temperature) {
    LongBuffer places = rows.buffer().asLongBuffer();
    places.put(2 * row, sequence).put(2 * row + 1, place);
    inverseTemperatures
        .buffer()
        .asFloatBuffer()
        .put(row, temperature == 0 ? 1 : (float) (1 / temperature));
  }

  /** Adds the tensors of the first {@code count} rows; the caller closes them. */
  void addTo(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs, int count)
      throws OrtException {
    inputs.put(
        DecoderGraph.ROWS,
        OnnxTensor.createTensor(
            Onnx.environment(),
            rows.buffer().asLongBuffer().slice(0, 2 * count),
            new long[] {count, 2}));
    inputs.put(DecoderGraph.INVERSE_TEMPERATURES, tensor(inverseTemperatures, count, 1));
    outputs.put(DecoderGraph.LOGITS, tensor(logits, count, vocabulary));
    outputs.put(DecoderGraph.LOG_PROBABILITIES, tensor(logProbabilities, count, vocabulary));
    outputs.put(DecoderGraph.PROBABILITIES, tensor(probabilities, count, vocabulary));
  }

  /** Copies a row's logits, without temperature, into an array [V]. */
  void logits(int row, float[] into) {
    copy(logits, row, into);
  }

  /** Copies a row's distribution, at its temperature, into an array [V]. */
  void probabilities(int row, float[] into) {
    copy(probabilities, row, into);
  }

  /** Copies a row's log-probabilities in nats at temperature 1 into an array [V]. */
  void logProbabilities(int row, float[] into) {
    copy(logProbabilities, row, into);
  }

  /** A token's log-probability in nats at temperature 1. */
  float logProbability(int row, int token) {
    return logProbabilities.buffer().getFloat(4 * (row * vocabulary + token));
  }

  @Override
  public void close() {
    rows.close();
    inverseTemperatures.close();
    logits.close();
    logProbabilities.close();
    probabilities.close();
    capacity = 0;
  }

  private void copy(DirectMemory from, int row, float[] into) {
    from.buffer().asFloatBuffer().get(row * vocabulary, into, 0, vocabulary);
  }

  private static OnnxTensor tensor(DirectMemory memory, int rows, int columns) throws OrtException {
    FloatBuffer floats = memory.buffer().asFloatBuffer().slice(0, rows * columns);
    return OnnxTensor.createTensor(Onnx.environment(), floats, new long[] {rows, columns});
  }
}
