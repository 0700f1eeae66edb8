package io.quartet.decoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.ModelConfig;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One model loaded for generation: its graph, its cache, and the buffers that go in and out of a
 * step. Nothing is allocated in a step whose shape is that of the step before.
 *
 * <p>Not thread-safe.
 */
final class DecoderSession implements AutoCloseable {
  /** The most (sequence, token) places of one step. */
  static final int MAX_STEP_TOKENS = 1024;

  private final ModelConfig config;
  private final OrtSession session;
  private final KvCache cache;
  private final List<DirectMemory> memory = new ArrayList<>();
  private final LongBuffer tokens;
  private final IntBuffer lastPositions;
  private final IntBuffer longest;
  private final LongBuffer rows;
  private final FloatBuffer inverseTemperatures;
  private final FloatBuffer logProbabilities;
  private final FloatBuffer probabilities;
  private @Nullable Binding binding;

  private DecoderSession(ModelConfig config, OrtSession session, int slots) {
    this.config = config;
    this.session = session;
    this.cache = new KvCache(config, slots);
    this.tokens = allocate(8L * Math.max(slots, MAX_STEP_TOKENS)).asLongBuffer();
    this.lastPositions = allocate(4L * slots).asIntBuffer();
    this.longest = allocate(4).asIntBuffer();
    this.rows = allocate(16L * slots).asLongBuffer();
    this.inverseTemperatures = allocate(4L * slots).asFloatBuffer();
    this.logProbabilities = allocate(4L * slots * config.vocabularySize()).asFloatBuffer();
    this.probabilities = allocate(4L * slots * config.vocabularySize()).asFloatBuffer();
  }

  /**
   * Loads a model.
   *
   * @param slots the most sequences of one step
   * @throws io.quartet.checkpoint.QuartetException as {@link Onnx#open}; FAILED_PRECONDITION if it
   *     is no language model
   */
  static DecoderSession open(ModelFiles model, int slots, int threads) {
    model.require(Architecture.CAUSAL_LM);
    OrtSession session = Onnx.open(model, DecoderGraph::generation, threads);
    return new DecoderSession(model.config(), session, slots);
  }

  ModelConfig config() {
    return config;
  }

  /** Makes room in the cache; see {@link KvCache#reserve}. */
  void reserve(int slots, int positions) {
    if (cache.reserve(slots, positions)) {
      unbind();
    }
  }

  /** Copies a slot's first {@code length} positions into another slot. */
  void copy(int fromSlot, int toSlot, int length) {
    cache.copy(fromSlot, toSlot, length);
  }

  /**
   * One pass: reads new tokens into consecutive slots and computes each one's next-token
   * distribution.
   *
   * <p>ONNX Runtime's attention takes many sequences at once only where each adds one token or
   * begins anew; a sequence that adds several tokens to earlier ones goes alone.
   *
   * @param firstSlot the slot of the first sequence; room for all must have been reserved
   */
  void forward(int firstSlot, List<Row> sequences) {
    int count = sequences.size();
    int width = sequences.stream().mapToInt(Row::width).max().orElseThrow();
    int most = 0;
    for (int i = 0; i < count; i++) {
      Row row = sequences.get(i);
      for (int j = 0; j < width; j++) {
        tokens.put(i * width + j, j < row.width() ? row.tokens[row.from + j] : 0);
      }
      lastPositions.put(i, row.to - 1);
      rows.put(2 * i, i);
      rows.put(2 * i + 1, row.width() - 1);
      inverseTemperatures.put(i, row.temperature == 0 ? 1 : (float) (1 / row.temperature));
      most = Math.max(most, row.to);
    }
    longest.put(0, most);
    try {
      Binding bound = bind(firstSlot, count, width);
      session.run(bound.inputs, Set.of(), bound.outputs).close();
    } catch (OrtException e) {
      throw Onnx.failure("step of %d sequences".formatted(count), e);
    }
  }

  /**
   * Copies the distribution of a sequence of the last step, at its temperature, into an array [V].
   */
  void probabilities(int row, float[] into) {
    probabilities.get(row * config.vocabularySize(), into, 0, config.vocabularySize());
  }

  /** A token's log-probability in nats at temperature 1, in a sequence of the last step. */
  float logProbability(int row, int token) {
    return logProbabilities.get(row * config.vocabularySize() + token);
  }

  @Override
  public void close() {
    unbind();
    cache.close();
    memory.forEach(DirectMemory::close);
    memory.clear();
    try {
      session.close();
    } catch (OrtException e) {
      throw Onnx.failure("cannot close", e);
    }
  }

  private ByteBuffer allocate(long bytes) {
    DirectMemory piece = DirectMemory.allocate(bytes, "step buffers");
    memory.add(piece);
    return piece.buffer();
  }

  private Binding bind(int firstSlot, int count, int width) throws OrtException {
    if (binding != null && binding.matches(firstSlot, count, width)) {
      return binding;
    }
    unbind();
    KvCache.Tensors cached = cache.tensors(firstSlot, count);
    var environment = Onnx.environment();
    Map<String, OnnxTensor> inputs = new HashMap<>(cached.past());
    LongBuffer newTokens = tokens.slice(0, count * width);
    LongBuffer heads = rows.slice(0, 2 * count);
    IntBuffer last = lastPositions.slice(0, count);
    FloatBuffer inverse = inverseTemperatures.slice(0, count);
    inputs.put(
        DecoderGraph.TOKENS,
        OnnxTensor.createTensor(environment, newTokens, new long[] {count, width}));
    inputs.put(
        DecoderGraph.LAST_POSITIONS,
        OnnxTensor.createTensor(environment, last, new long[] {count}));
    inputs.put(DecoderGraph.LONGEST, OnnxTensor.createTensor(environment, longest, new long[] {}));
    inputs.put(
        DecoderGraph.ROWS, OnnxTensor.createTensor(environment, heads, new long[] {count, 2}));
    inputs.put(
        DecoderGraph.INVERSE_TEMPERATURES,
        OnnxTensor.createTensor(environment, inverse, new long[] {count, 1}));
    int floats = count * config.vocabularySize();
    long[] shape = {count, config.vocabularySize()};
    Map<String, OnnxTensor> outputs = new HashMap<>(cached.present());
    outputs.put(
        DecoderGraph.LOG_PROBABILITIES,
        OnnxTensor.createTensor(environment, logProbabilities.slice(0, floats), shape));
    outputs.put(
        DecoderGraph.PROBABILITIES,
        OnnxTensor.createTensor(environment, probabilities.slice(0, floats), shape));
    binding = new Binding(firstSlot, count, width, inputs, Map.copyOf(outputs));
    return binding;
  }

  private void unbind() {
    if (binding != null) {
      binding.close();
      binding = null;
    }
  }

  /**
   * A sequence in a step: tokens {@code from} to {@code to} (exclusive) are new, those before are
   * in its slot already.
   *
   * @param temperature of the distribution; 0 is read as 1
   */
  @SuppressWarnings("ArrayRecordComponent") // a view of the sequence's own array, never compared
  record Row(int[] tokens, int from, int to, double temperature) {
    int width() {
      return to - from;
    }
  }

  /** The tensors of one shape of step. */
  private record Binding(
      int firstSlot,
      int count,
      int width,
      Map<String, OnnxTensor> inputs,
      Map<String, OnnxValue> outputs)
      implements AutoCloseable {
    boolean matches(int otherFirstSlot, int otherCount, int otherWidth) {
      return firstSlot == otherFirstSlot && count == otherCount && width == otherWidth;
    }

    @Override
    public void close() {
      inputs.values().forEach(OnnxTensor::close);
      // The cache's tensors are among the inputs, and a tensor is closed only once.
      outputs.values().stream()
          .filter(output -> !inputs.containsValue(output))
          .forEach(OnnxValue::close);
    }
  }
}
