package io.quartet.decoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Keys and values of past tokens, FLOAT [slots, K, S, H] for each layer, written in place by the
 * graph. It begins empty and grows by slots and positions as they are needed, since a context is
 * seldom used to its end.
 *
 * <p>Not thread-safe.
 */
final class KvCache implements AutoCloseable {
  private static final int POSITION_STEP = 32;

  private final ModelConfig config;
  private final int maxSlots;
  private final List<CacheTensor> tensors = new ArrayList<>(); // each layer's keys, then its values
  private int slots;
  private int positions;

  KvCache(ModelConfig config, int maxSlots) {
    this.config = config;
    this.maxSlots = maxSlots;
    for (int i = 0; i < 2 * config.layers(); i++) {
      tensors.add(new CacheTensor(config));
    }
  }

  /**
   * Refuses a context that so many slots cannot have, since a tensor is memory in one piece.
   *
   * @throws QuartetException FAILED_PRECONDITION
   */
  static void requireFits(ModelConfig config, int slots) {
    long bytes = CacheTensor.bytes(config, slots, config.contextLength());
    if (bytes > Integer.MAX_VALUE) {
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          "cache: %d slots × %d positions × %d heads of %d floats are %d MB for one layer's keys,"
                  .formatted(
                      slots,
                      config.contextLength(),
                      config.keyValueHeads(),
                      config.headDimension(),
                      bytes >> 20)
              + " expected less than 2048 MB: fewer slots or a smaller context");
    }
  }

  int positions() {
    return positions;
  }

  /** Whether there is room for so many slots of so many positions. */
  boolean fits(int neededSlots, int neededPositions) {
    return neededSlots <= slots && neededPositions <= positions;
  }

  /**
   * Makes room, keeping what is there; every tensor of {@link #tensors} is stale then. Grows by
   * half at least, so that filling up costs a constant number of copies for each position, and
   * layer by layer, so that only one is in memory twice.
   *
   * @throws QuartetException RESOURCE_EXHAUSTED if there is no such memory; what is there is kept
   */
  void reserve(int neededSlots, int neededPositions) {
    if (fits(neededSlots, neededPositions)) {
      return;
    }
    int newSlots = grown(slots, neededSlots, 1, maxSlots);
    int newPositions = grown(positions, neededPositions, POSITION_STEP, config.contextLength());
    // Layers that have grown before one cannot stay so: each knows its own size.
    for (int i = 0; i < tensors.size(); i += 2) {
      CacheTensor.reserve(tensors.get(i), tensors.get(i + 1), newSlots, newPositions);
    }
    slots = newSlots;
    positions = newPositions;
  }

  /** Copies a slot's first {@code length} positions into another slot. */
  void copy(int from, int to, int length) {
    tensors.forEach(tensor -> tensor.copy(from, to, length));
  }

  /** Bytes of one position's keys and values, all layers together. */
  static long bytesPerPosition(ModelConfig config) {
    return 2 * config.layers() * CacheTensor.bytes(config, 1, 1);
  }

  /** Copies positions of a slot out of the cache, for {@link #load} to bring them back. */
  void save(int slot, int firstPosition, int count, FloatBuffer target) {
    FloatBuffer rest = target.duplicate();
    tensors.forEach(tensor -> tensor.save(slot, firstPosition, count, rest));
  }

  /** Copies what {@link #save} saved into positions of a slot. */
  void load(int slot, int firstPosition, int count, FloatBuffer source) {
    FloatBuffer rest = source.duplicate();
    tensors.forEach(tensor -> tensor.load(slot, firstPosition, count, rest));
  }

  /**
   * The tensors of consecutive slots, in place, by the names of the graph's inputs and outputs. The
   * caller closes each of them once.
   */
  Tensors tensors(int firstSlot, int count) throws OrtException {
    Map<String, OnnxTensor> past = new LinkedHashMap<>();
    Map<String, OnnxTensor> present = new LinkedHashMap<>();
    for (int i = 0; i < tensors.size(); i++) {
      String keyOrValue = i % 2 == 0 ? "key" : "value";
      OnnxTensor tensor = tensors.get(i).slots(firstSlot, count);
      past.put(DecoderGraph.past(i / 2, keyOrValue), tensor);
      present.put(DecoderGraph.present(i / 2, keyOrValue), tensor);
    }
    return new Tensors(past, present);
  }

  /** Gives the memory back; the cache is empty then. */
  @Override
  public void close() {
    tensors.forEach(CacheTensor::close);
    tensors.clear();
  }

  private static int grown(int current, int needed, int step, int most) {
    if (needed <= current) {
      return current;
    }
    int size = Math.max(needed, current + current / 2);
    return Math.min(most, (size + step - 1) / step * step);
  }

  /** The same tensors twice: under the names of the inputs and of the outputs. */
  record Tensors(Map<String, OnnxTensor> past, Map<String, OnnxTensor> present) {}
}
