package io.quartet.decoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What goes through a model's head in a step, and what comes out: R rows, each a token's place in
 * the step, and their distributions over V tokens. Grows to the most rows that a step had.
 *
 * <p>Not thread-safe.
 */
final class HeadBuffers implements AutoCloseable {
  /** Floats of scored prompts' rows, 32 MB of them, as long as they are {@link #LEAST_SCORED}. */
  private static final int SCORED_FLOATS = 1 << 23;

  private static final int LEAST_SCORED = 16;

  /** Logits, log-probabilities and probabilities. */
  private static final int FLOATS_PER_TOKEN = 3;

  private final int vocabulary;
  private final List<DirectMemory> memory = new ArrayList<>();
  private int capacity;
  private LongBuffer rows = LongBuffer.allocate(0);
  private FloatBuffer inverseTemperatures = FloatBuffer.allocate(0);
  private FloatBuffer logits = FloatBuffer.allocate(0);
  private FloatBuffer logProbabilities = FloatBuffer.allocate(0);
  private FloatBuffer probabilities = FloatBuffer.allocate(0);

  HeadBuffers(int vocabulary) {
    this.vocabulary = vocabulary;
  }

  /** The most rows of a step: one for each slot, or what there is for prompts that are scored. */
  static int mostRows(int vocabulary, int slots) {
    int scored = Math.max(LEAST_SCORED, SCORED_FLOATS / FLOATS_PER_TOKEN / vocabulary);
    return Math.max(slots, Math.min(PromptReader.ALONE, scored));
  }

  /** Bytes of so many rows, nearly. */
  static long bytes(int vocabulary, int rows) {
    return (long) Float.BYTES * FLOATS_PER_TOKEN * vocabulary * rows;
  }

  /**
   * Makes room for so many rows, forgetting what is there.
   *
   * @return whether the memory moved, which makes every tensor of it stale
   * @throws io.quartet.checkpoint.QuartetException RESOURCE_EXHAUSTED if there is no such memory
   */
  boolean reserve(int needed) {
    if (needed <= capacity) {
      return false;
    }
    close();
    rows = allocate(needed, 4).buffer().asLongBuffer();
    inverseTemperatures = allocate(needed, 1).buffer().asFloatBuffer();
    logits = allocate(needed, vocabulary).buffer().asFloatBuffer();
    logProbabilities = allocate(needed, vocabulary).buffer().asFloatBuffer();
    probabilities = allocate(needed, vocabulary).buffer().asFloatBuffer();
    capacity = needed;
    return true;
  }

  /**
   * Says which token goes through the head as a row.
   *
   * @param temperature of its distribution; 0 is read as 1
   */
  void put(int row, int sequence, int place, double temperature) {
    rows.put(2 * row, sequence).put(2 * row + 1, place);
    inverseTemperatures.put(row, temperature == 0 ? 1 : (float) (1 / temperature));
  }

  /** Adds the tensors of the first {@code count} rows; the caller closes them. */
  void addTo(Map<String, OnnxTensor> inputs, Map<String, OnnxTensor> outputs, int count)
      throws OrtException {
    inputs.put(
        DecoderGraph.ROWS,
        OnnxTensor.createTensor(
            Onnx.environment(), rows.slice(0, 2 * count), new long[] {count, 2}));
    inputs.put(DecoderGraph.INVERSE_TEMPERATURES, tensor(inverseTemperatures, count, 1));
    outputs.put(DecoderGraph.LOGITS, tensor(logits, count, vocabulary));
    outputs.put(DecoderGraph.LOG_PROBABILITIES, tensor(logProbabilities, count, vocabulary));
    outputs.put(DecoderGraph.PROBABILITIES, tensor(probabilities, count, vocabulary));
  }

  /** Copies a row's logits, without temperature, into an array [V]. */
  void logits(int row, float[] into) {
    logits.get(row * vocabulary, into, 0, vocabulary);
  }

  /** Copies a row's distribution, at its temperature, into an array [V]. */
  void probabilities(int row, float[] into) {
    probabilities.get(row * vocabulary, into, 0, vocabulary);
  }

  /** Copies a row's log-probabilities in nats at temperature 1 into an array [V]. */
  void logProbabilities(int row, float[] into) {
    logProbabilities.get(row * vocabulary, into, 0, vocabulary);
  }

  /** A token's log-probability in nats at temperature 1. */
  float logProbability(int row, int token) {
    return logProbabilities.get(row * vocabulary + token);
  }

  /** Gives the memory back; there is room for no row then. */
  @Override
  public void close() {
    memory.forEach(DirectMemory::close);
    memory.clear();
    capacity = 0;
  }

  private DirectMemory allocate(int rowCount, int floatsPerRow) {
    DirectMemory piece = DirectMemory.allocate(4L * rowCount * floatsPerRow, "step buffers");
    memory.add(piece);
    return piece;
  }

  private static OnnxTensor tensor(FloatBuffer floats, int rows, int columns) throws OrtException {
    return OnnxTensor.createTensor(
        Onnx.environment(), floats.slice(0, rows * columns), new long[] {rows, columns});
  }
}
