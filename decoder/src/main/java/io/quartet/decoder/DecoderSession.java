package io.quartet.decoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
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

  /**
   * The fewest new tokens of a prompt in one step. ONNX Runtime's attention adds up in another
   * order for a token that comes alone, as those of answers all do; among others it has the same
   * bits in every step.
   */
  static final int LEAST_OF_PROMPT = 2;

  /** The rows that ONNX Runtime multiplies at once; what is over of more is multiplied apart. */
  static final int TILE = 128;

  private final ModelConfig config;
  private final OrtSession session;
  private final KvCache cache;
  private final List<DirectMemory> memory = new ArrayList<>();
  private final LongBuffer tokens;
  private final IntBuffer lastPositions;
  private final IntBuffer longest;
  private final HeadBuffers head;
  private final int headRows;
  private boolean differsAlone;
  private @Nullable Binding binding;

  private DecoderSession(ModelConfig config, OrtSession session, int slots) {
    this.config = config;
    this.session = session;
    int most = leavesOne(slots) ? slots + 1 : slots;
    this.cache = new KvCache(config, most);
    this.tokens = allocate(8L * Math.max(slots, MAX_STEP_TOKENS)).asLongBuffer();
    this.lastPositions = allocate(4L * most).asIntBuffer();
    this.longest = allocate(4).asIntBuffer();
    this.head = new HeadBuffers(config.vocabularySize());
    head.reserve(slots);
    this.headRows = HeadBuffers.mostRows(config.vocabularySize(), slots);
  }

  /**
   * Loads a model.
   *
   * @throws io.quartet.checkpoint.QuartetException as {@link Onnx#open}; FAILED_PRECONDITION if it
   *     is no language model, or its context is too long for so many slots
   */
  static DecoderSession open(ModelFiles model, DecoderOptions options) {
    model.require(Architecture.CAUSAL_LM);
    KvCache.requireFits(model.config(), options.slots());
    OrtSession session =
        Onnx.open(model, DecoderGraph::generation, options.threads(), options.dedicatedCores());
    var decoder = new DecoderSession(model.config(), session, options.slots());
    try {
      decoder.differsAlone = decoder.measuresWhetherARowDiffersAlone();
      return decoder;
    } catch (QuartetException e) {
      decoder.close();
      throw e;
    }
  }

  /**
   * Whether a token has other bits where it alone goes through a product than where it has company:
   * so it is with 4-bit blocks on a processor without AVX-512.
   */
  private boolean measuresWhetherARowDiffersAlone() {
    int[] two = {config.beginTokenId(), config.endTokenId()};
    float[] alone = new float[config.vocabularySize()];
    float[] together = new float[config.vocabularySize()];
    reserve(1, two.length);
    head.logits(forward(0, List.of(new Row(two, 0, two.length, 1, 1)))[0], alone);
    head.logits(forward(0, List.of(new Row(two, 0, two.length, 1, two.length)))[0], together);
    return !Arrays.equals(alone, together);
  }

  /** Whether a step of so many rows needs one more, lest one differs for being alone. */
  boolean needsOneMore(int rows) {
    return differsAlone && leavesOne(rows);
  }

  /** Whether one of so many rows is multiplied alone. */
  static boolean leavesOne(int rows) {
    return rows % TILE == 1;
  }

  ModelConfig config() {
    return config;
  }

  /**
   * The most tokens of a step that may go through the head: those that its memory is planned for.
   */
  int headRows() {
    return headRows;
  }

  /** Makes room in the cache; see {@link KvCache#reserve}. */
  void reserve(int slots, int positions) {
    if (!cache.fits(slots, positions)) {
      unbind(); // before, since some of it may have moved when the rest cannot
      cache.reserve(slots, positions);
    }
  }

  /** Copies a slot's first {@code length} positions into another slot. */
  void copy(int fromSlot, int toSlot, int length) {
    cache.copy(fromSlot, toSlot, length);
  }

  /** Copies positions of a slot out of the cache; see {@link KvCache#save}. */
  void save(int slot, int firstPosition, int count, FloatBuffer target) {
    cache.save(slot, firstPosition, count, target);
  }

  /** Copies saved positions into a slot; see {@link KvCache#load}. */
  void load(int slot, int firstPosition, int count, FloatBuffer source) {
    cache.load(slot, firstPosition, count, source);
  }

  /**
   * One pass: reads new tokens into consecutive slots and computes each one's next-token
   * distribution.
   *
   * <p>ONNX Runtime's attention takes many sequences at once only where each adds one token or
   * begins anew; a sequence that adds several tokens to earlier ones goes alone.
   *
   * <p>A row's result has the same bits whatever else is in the step, see {@link #LEAST_OF_PROMPT}
   * and {@link #needsOneMore}, which the caller asks of a step of answers.
   *
   * @param firstSlot the slot of the first sequence; room for all must have been reserved
   * @return for each sequence the row of the head that its last token went through, those of its
   *     other {@link Row#heads} right before it; nothing that means anything if it has none
   */
  int[] forward(int firstSlot, List<Row> sequences) {
    int count = sequences.size();
    int width = sequences.stream().mapToInt(Row::paddedWidth).max().orElseThrow();
    if (needsOneMore(count * width) && sequences.stream().allMatch(Row::beginsAnew)) {
      width++;
    }
    int heads = sequences.stream().mapToInt(row -> row.heads).sum();
    heads += needsOneMore(heads) ? 1 : 0;
    if (head.reserve(heads)) {
      unbind();
    }
    int[] lastHeads = new int[count];
    int next = 0;
    int most = 0;
    for (int i = 0; i < count; i++) {
      Row row = sequences.get(i);
      for (int j = 0; j < width; j++) {
        tokens.put(i * width + j, j < row.width() ? row.tokens[row.from + j] : 0);
      }
      lastPositions.put(i, row.to - 1);
      for (int place = row.width() - row.heads; place < row.width(); place++) {
        head.put(next++, i, place, row.temperature);
      }
      lastHeads[i] = next - 1;
      most = Math.max(most, row.to);
    }
    for (; next < heads; next++) {
      head.put(next, 0, 0, 1); // any token; nobody asks what becomes of it
    }
    longest.put(0, Math.max(most, width)); // the attention takes padding only where it begins anew
    try {
      Binding bound = bind(new StepShape(firstSlot, count, width, heads));
      session.run(bound.inputs, Set.of(), bound.outputs).close();
    } catch (OrtException e) {
      throw Onnx.failure("step of %d sequences".formatted(count), e);
    }
    return lastHeads;
  }

  /** What the last step's rows came to. */
  HeadBuffers head() {
    return head;
  }

  @Override
  public void close() {
    unbind();
    cache.close();
    head.close();
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

  private Binding bind(StepShape shape) throws OrtException {
    if (binding != null && binding.shape.equals(shape)) {
      return binding;
    }
    unbind();
    int count = shape.count;
    KvCache.Tensors cached = cache.tensors(shape.firstSlot, count);
    var environment = Onnx.environment();
    Map<String, OnnxTensor> inputs = new HashMap<>(cached.past());
    Map<String, OnnxTensor> outputs = new HashMap<>(cached.present());
    LongBuffer newTokens = tokens.slice(0, count * shape.width);
    IntBuffer last = lastPositions.slice(0, count);
    inputs.put(
        DecoderGraph.TOKENS,
        OnnxTensor.createTensor(environment, newTokens, new long[] {count, shape.width}));
    inputs.put(
        DecoderGraph.LAST_POSITIONS,
        OnnxTensor.createTensor(environment, last, new long[] {count}));
    inputs.put(DecoderGraph.LONGEST, OnnxTensor.createTensor(environment, longest, new long[] {}));
    head.addTo(inputs, outputs, shape.heads);
    binding = new Binding(shape, inputs, Map.copyOf(outputs));
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
   * @param heads how many of its new tokens, the last ones, go through the head
   */
  @SuppressWarnings("ArrayRecordComponent") // a view of the sequence's own array, never compared
  record Row(int[] tokens, int from, int to, double temperature, int heads) {
    /** A row of a slot that nobody has. */
    static final Row NOBODY = new Row(new int[2], 1, 2, 1, 1);

    int width() {
      return to - from;
    }

    int paddedWidth() {
      return beginsAnew() ? Math.max(width(), LEAST_OF_PROMPT) : width();
    }

    private boolean beginsAnew() {
      return from == 0;
    }
  }

  private record StepShape(int firstSlot, int count, int width, int heads) {}

  /** The tensors of one shape of step. */
  private record Binding(
      StepShape shape, Map<String, OnnxTensor> inputs, Map<String, OnnxValue> outputs)
      implements AutoCloseable {
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
