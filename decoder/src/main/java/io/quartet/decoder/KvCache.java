package io.quartet.decoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import io.quartet.checkpoint.ModelConfig;
import java.nio.ByteBuffer;
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
  private final List<DirectMemory> tensors = new ArrayList<>();
  private int slots;
  private int positions;

  KvCache(ModelConfig config, int maxSlots) {
    this.config = config;
    this.maxSlots = maxSlots;
  }

  int positions() {
    return positions;
  }

  /**
   * Makes room, keeping what is there. Grows by half at least, so that filling up costs a constant
   * number of copies for each position.
   *
   * @return whether the memory moved, which makes every tensor of {@link #tensors} stale
   * @throws io.quartet.checkpoint.QuartetException RESOURCE_EXHAUSTED if there is no such memory;
   *     the cache is then as before
   */
  boolean reserve(int neededSlots, int neededPositions) {
    if (neededSlots <= slots && neededPositions <= positions) {
      return false;
    }
    int newSlots = grown(slots, neededSlots, 1, maxSlots);
    int newPositions = grown(positions, neededPositions, POSITION_STEP, config.contextLength());
    List<DirectMemory> larger = new ArrayList<>();
    try {
      for (int i = 0; i < 2 * config.layers(); i++) {
        String what = "cache of %d slots × %d positions".formatted(newSlots, newPositions);
        larger.add(DirectMemory.allocate(4L * newSlots * floatsPerSlot(newPositions), what));
      }
    } catch (RuntimeException e) {
      larger.forEach(DirectMemory::close);
      throw e;
    }
    for (int i = 0; i < tensors.size(); i++) {
      copyAll(tensors.get(i).buffer().asFloatBuffer(), larger.get(i), newPositions);
    }
    close();
    tensors.addAll(larger);
    slots = newSlots;
    positions = newPositions;
    return true;
  }

  /** Copies a slot's first {@code length} positions into another slot. */
  void copy(int from, int to, int length) {
    for (DirectMemory tensor : tensors) {
      FloatBuffer floats = tensor.buffer().asFloatBuffer();
      for (int head = 0; head < config.keyValueHeads(); head++) {
        floats.put(
            index(to, head, 0), floats, index(from, head, 0), length * config.headDimension());
      }
    }
  }

  /** Bytes of one position's keys and values, all layers together. */
  static long bytesPerPosition(ModelConfig config) {
    return 4L * 2 * config.layers() * config.keyValueHeads() * config.headDimension();
  }

  /** Copies positions of a slot out of the cache, for {@link #load} to bring them back. */
  void save(int slot, int firstPosition, int count, FloatBuffer target) {
    int floats = count * config.headDimension();
    int at = 0;
    for (DirectMemory tensor : tensors) {
      FloatBuffer source = tensor.buffer().asFloatBuffer();
      for (int head = 0; head < config.keyValueHeads(); head++) {
        target.put(at, source, index(slot, head, firstPosition), floats);
        at += floats;
      }
    }
  }

  /** Copies what {@link #save} saved into positions of a slot. */
  void load(int slot, int firstPosition, int count, FloatBuffer source) {
    int floats = count * config.headDimension();
    int at = 0;
    for (DirectMemory tensor : tensors) {
      FloatBuffer target = tensor.buffer().asFloatBuffer();
      for (int head = 0; head < config.keyValueHeads(); head++) {
        target.put(index(slot, head, firstPosition), source, at, floats);
        at += floats;
      }
    }
  }

  /**
   * The tensors of consecutive slots, in place, by the names of the graph's inputs and outputs. The
   * caller closes each of them once.
   */
  Tensors tensors(int firstSlot, int count) throws OrtException {
    long[] shape = {count, config.keyValueHeads(), positions, config.headDimension()};
    int bytesPerSlot = Math.toIntExact(4 * floatsPerSlot(positions));
    Map<String, OnnxTensor> past = new LinkedHashMap<>();
    Map<String, OnnxTensor> present = new LinkedHashMap<>();
    for (int i = 0; i < tensors.size(); i++) {
      String keyOrValue = i % 2 == 0 ? "key" : "value";
      ByteBuffer rows =
          tensors.get(i).buffer().slice(firstSlot * bytesPerSlot, count * bytesPerSlot);
      FloatBuffer floats = rows.order(java.nio.ByteOrder.nativeOrder()).asFloatBuffer();
      OnnxTensor tensor = OnnxTensor.createTensor(Onnx.environment(), floats, shape);
      past.put(DecoderGraph.past(i / 2, keyOrValue), tensor);
      present.put(DecoderGraph.present(i / 2, keyOrValue), tensor);
    }
    return new Tensors(past, present);
  }

  /** Gives the memory back; the cache is empty then. */
  @Override
  public void close() {
    tensors.forEach(DirectMemory::close);
    tensors.clear();
  }

  private int index(int slot, int head, int position) {
    return ((slot * config.keyValueHeads() + head) * positions + position) * config.headDimension();
  }

  private long floatsPerSlot(int ofPositions) {
    return (long) config.keyValueHeads() * ofPositions * config.headDimension();
  }

  private void copyAll(FloatBuffer source, DirectMemory target, int newPositions) {
    FloatBuffer floats = target.buffer().asFloatBuffer();
    int row = config.headDimension();
    for (int head = 0; head < slots * config.keyValueHeads(); head++) {
      floats.put(head * newPositions * row, source, head * positions * row, positions * row);
    }
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
