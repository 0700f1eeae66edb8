package io.quartet.decoder;

import io.quartet.checkpoint.DataType;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.TensorEntry;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Tensors of a file that a graph sees as one, the rows of each below those of the one before;
 * mostly a single one. A projection of queries, keys and values together is one product instead of
 * three.
 *
 * @param name in the graph
 */
record TensorStack(String name, List<TensorEntry> parts) {
  private static final String QUERIES = "q_proj.";
  private static final int CHUNK_ELEMENTS = 1 << 20;

  /** All tensors of a model. */
  static List<TensorStack> of(ModelConfig config, Safetensors file) {
    List<TensorStack> stacks = new ArrayList<>();
    for (String name : config.tensorShapes().keySet()) {
      if (!projectsTogether(config)) {
        stacks.add(new TensorStack(name, List.of(file.entry(name))));
      } else if (name.contains(QUERIES)) {
        List<TensorEntry> parts = new ArrayList<>();
        for (String part : List.of(QUERIES, "k_proj.", "v_proj.")) {
          parts.add(file.entry(name.replace(QUERIES, part)));
        }
        stacks.add(new TensorStack(name.replace(QUERIES, "qkv_proj."), List.copyOf(parts)));
      } else if (!name.contains("k_proj.") && !name.contains("v_proj.")) {
        stacks.add(new TensorStack(name, List.of(file.entry(name))));
      }
    }
    return stacks;
  }

  /** Whether attention takes queries, keys and values in one piece; not if they are normalised. */
  static boolean projectsTogether(ModelConfig config) {
    return !config.family().queryKeyNorm();
  }

  /** Sizes, outermost first. */
  long[] shape() {
    long[] shape = parts.get(0).shape();
    for (TensorEntry part : parts.subList(1, parts.size())) {
      shape[0] += part.shape()[0];
    }
    return shape;
  }

  /** Where it begins in the file, if its F32 elements lie there in one piece. */
  Optional<Long> place() {
    long end = parts.get(0).offset();
    for (TensorEntry part : parts) {
      if (part.dataType() != DataType.F32 || part.offset() != end) {
        return Optional.empty();
      }
      end += part.bytes();
    }
    return Optional.of(parts.get(0).offset());
  }

  /**
   * The elements in F32, outside of the heap, on which only some of them are at a time.
   *
   * @throws io.quartet.checkpoint.QuartetException as {@link DirectMemory#allocate}
   */
  DirectMemory floats(Safetensors file) {
    long elements = parts.stream().mapToLong(TensorEntry::elements).sum();
    DirectMemory memory = DirectMemory.allocate(Float.BYTES * elements, name);
    FloatBuffer floats = memory.buffer().asFloatBuffer();
    for (TensorEntry part : parts) {
      for (long from = 0; from < part.elements(); from += CHUNK_ELEMENTS) {
        float[] chunk = new float[(int) Math.min(CHUNK_ELEMENTS, part.elements() - from)];
        file.floats(part.name(), from, chunk);
        floats.put(chunk);
      }
    }
    return memory;
  }
}
