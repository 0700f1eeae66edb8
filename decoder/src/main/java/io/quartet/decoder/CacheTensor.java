package io.quartet.decoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;

/**
 * One layer's keys or values of past tokens, FLOAT [slots, K, S, H]. Begins empty.
 *
 * <p>Not thread-safe.
 */
final class CacheTensor implements AutoCloseable {
  private final int heads;
  private final int width;
  private DirectMemory memory = DirectMemory.allocate(0, "cache");
  private int slots;
  private int positions;

  CacheTensor(ModelConfig config) {
    this.heads = config.keyValueHeads();
    this.width = config.headDimension();
  }

  /** Bytes of so many slots and positions. */
  static long bytes(ModelConfig config, long slots, long positions) {
    return Float.BYTES * slots * config.keyValueHeads() * positions * config.headDimension();
  }

  /**
   * Makes room for so many slots and positions at least in a layer's keys and values, keeping what
   * is there: in both or none, since attention takes them only of one size. Old and new are in
   * memory together meanwhile.
   *
   * @throws QuartetException RESOURCE_EXHAUSTED if there is no such memory; all is then as before
   */
  static void reserve(CacheTensor keys, CacheTensor values, int slots, int positions) {
    int newSlots = Math.max(keys.slots, slots);
    int newPositions = Math.max(keys.positions, positions);
    if (newSlots == keys.slots && newPositions == keys.positions) {
      return;
    }
    DirectMemory moreKeys = keys.allocate(newSlots, newPositions);
    DirectMemory moreValues;
    try {
      moreValues = values.allocate(newSlots, newPositions);
    } catch (QuartetException e) {
      moreKeys.close();
      throw e;
    }
    keys.moveTo(moreKeys, newSlots, newPositions);
    values.moveTo(moreValues, newSlots, newPositions);
  }

  private DirectMemory allocate(int newSlots, int newPositions) {
    return DirectMemory.allocate(
        (long) Float.BYTES * newSlots * heads * newPositions * width,
        "cache of %d slots × %d positions".formatted(newSlots, newPositions));
  }

  private void moveTo(DirectMemory larger, int newSlots, int newPositions) {
    FloatBuffer source = floats();
    FloatBuffer target = larger.buffer().asFloatBuffer();
    for (int head = 0; head < slots * heads; head++) {
      target.put(head * newPositions * width, source, head * positions * width, positions * width);
    }
    memory.close();
    memory = larger;
    slots = newSlots;
    positions = newPositions;
  }

  /** Copies a slot's first {@code length} positions into another slot. */
  void copy(int from, int to, int length) {
    FloatBuffer floats = floats();
    for (int head = 0; head < heads; head++) {
      floats.put(index(to, head, 0), floats, index(from, head, 0), length * width);
    }
  }

  /** Copies positions of a slot, [K, count, H], to where the target stands, and moves it on. */
  void save(int slot, int firstPosition, int count, FloatBuffer target) {
    FloatBuffer source = floats();
    for (int head = 0; head < heads; head++) {
      target.put(source.slice(index(slot, head, firstPosition), count * width));
    }
  }

  /** Copies what {@link #save} saved from where the source stands, and moves it on. */
  void load(int slot, int firstPosition, int count, FloatBuffer source) {
    FloatBuffer target = floats();
    int floats = count * width;
    for (int head = 0; head < heads; head++) {
      target.put(index(slot, head, firstPosition), source, source.position(), floats);
      source.position(source.position() + floats);
    }
  }

  /** Consecutive slots in place, [count, K, S, H]; the caller closes it. */
  OnnxTensor slots(int first, int count) throws OrtException {
    int bytes = Float.BYTES * heads * positions * width;
    ByteBuffer rows = memory.buffer().slice(first * bytes, count * bytes);
    return OnnxTensor.createTensor(
        Onnx.environment(),
        rows.order(ByteOrder.nativeOrder()).asFloatBuffer(),
        new long[] {count, heads, positions, width});
  }

  /** Gives the memory back; it must not be touched any more. */
  @Override
  public void close() {
    memory.close();
  }

  private FloatBuffer floats() {
    return memory.buffer().asFloatBuffer();
  }

  private int index(int slot, int head, int position) {
    return ((slot * heads + head) * positions + position) * width;
  }
}
