package io.quartet.model;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.DataType;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.LoraConfig;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.TensorEntry;
import io.quartet.checkpoint.TensorSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;

/** A model's weights in a safetensors file, under Hugging Face's names and in its order. */
public final class ModelWeights {
  /** Bytes that are copied at a time, so that no buffer reaches 2 GiB. */
  private static final int CHUNK = 1 << 26;

  private static final int CHUNK_ELEMENTS = 1 << 20;

  private ModelWeights() {}

  /**
   * Writes the weights as fp32, without adapters.
   *
   * @throws QuartetException as {@link Safetensors#write}
   */
  public static void save(TransformerModel model, Path file) {
    // transformers refuses a file that does not say which framework's layout it is in.
    write(file, Map.of("format", "pt"), model.weights());
  }

  /**
   * Writes what is trained: all weights, or the adapters and what is trained beside them. A file
   * that is there is replaced once the new one is durable.
   *
   * @throws QuartetException as {@link Safetensors#write}
   */
  public static void saveTrained(TransformerModel model, Path file) {
    Path unfinished = file.resolveSibling(file.getFileName() + ".tmp");
    write(unfinished, Map.of("format", "pt"), model.trainedWeights());
    try {
      SnapshotFiles.replace(unfinished, file);
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  /**
   * Replaces what is trained by what {@link #saveTrained} wrote.
   *
   * @throws QuartetException as {@link Safetensors#open}; NOT_FOUND or INVALID_ARGUMENT if it is of
   *     another model
   */
  public static void loadTrained(TransformerModel model, Path file) {
    try (var tensors = Safetensors.open(file)) {
      read(tensors, model.trainedWeights());
    }
  }

  /**
   * A language model with the weights of a file.
   *
   * @throws QuartetException as {@link Safetensors#open}; INVALID_ARGUMENT if a tensor is missing,
   *     too many or of another shape than the configuration says
   */
  public static CausalLm causalLm(ModelConfig config, Precision precision, Path file) {
    var model = new CausalLm(config, precision, WeightSource.uninitialised());
    load(model, file);
    return model;
  }

  /**
   * A language model with the weights of a file, frozen, and fresh adapters beside them.
   *
   * @param seed the adapters are the same for the same seed
   * @throws QuartetException as {@link #causalLm(ModelConfig, Precision, Path)}
   */
  public static CausalLm adaptedCausalLm(
      ModelConfig config, Precision precision, Path file, LoraConfig lora, long seed) {
    WeightSource frozen = WeightSource.uninitialised();
    var model =
        new CausalLm(
            config, precision, WeightSource.adapted(frozen, lora, WeightSource.random(seed)));
    load(model, file);
    return model;
  }

  /**
   * A reward model with the weights of a file.
   *
   * @throws QuartetException as {@link #causalLm}
   */
  public static RewardModel rewardModel(ModelConfig config, Precision precision, Path file) {
    var model = new RewardModel(config, precision, WeightSource.uninitialised());
    load(model, file);
    return model;
  }

  /**
   * A reward model, or a critic, that begins as the trunk of a language model with a fresh head.
   *
   * @param config the language model's
   * @throws QuartetException as {@link #causalLm}
   */
  public static RewardModel rewardModelFromTrunk(
      ModelConfig config, Precision precision, Path file, long seed) {
    return withTrunk(config, precision, WeightSource.random(seed), file);
  }

  /**
   * A reward model whose trunk is a language model's, frozen, with a fresh head and fresh adapters.
   *
   * @param config the language model's
   * @throws QuartetException as {@link #causalLm}
   */
  public static RewardModel adaptedRewardModelFromTrunk(
      ModelConfig config, Precision precision, Path file, LoraConfig lora, long seed) {
    WeightSource fresh = WeightSource.random(seed);
    return withTrunk(config, precision, WeightSource.adapted(fresh, lora, fresh), file);
  }

  private static RewardModel withTrunk(
      ModelConfig config, Precision precision, WeightSource source, Path file) {
    var model =
        new RewardModel(
            config.withArchitecture(Architecture.SEQUENCE_CLASSIFICATION), precision, source);
    var trunk = new LinkedHashMap<>(model.weights());
    trunk.remove("score.weight");
    try (var tensors = Safetensors.open(file)) {
      tensors.requireShapes(config.tensorShapes());
      read(tensors, trunk);
    }
    return model;
  }

  /**
   * Replaces the weights of a model by those of a file.
   *
   * @throws QuartetException as {@link #causalLm}
   */
  public static void load(TransformerModel model, Path file) {
    try (var tensors = Safetensors.open(file)) {
      tensors.requireShapes(model.config().tensorShapes());
      read(tensors, model.weights());
    }
  }

  static void write(Path file, Map<String, String> metadata, Map<String, Tensor> tensors) {
    var sources = new ArrayList<TensorSource>();
    tensors.forEach((name, tensor) -> sources.add(source(name, tensor)));
    Safetensors.write(file, metadata, sources);
  }

  private static TensorSource source(String name, Tensor tensor) {
    DataType type =
        switch (Tensors.type(tensor)) {
          case Float -> DataType.F32;
          case Byte -> DataType.U8;
          default ->
              throw new IllegalStateException(
                  "tensor '%s' of type %s, expected Float or Byte"
                      .formatted(name, Tensors.type(tensor)));
        };
    return new TensorSource(
        name,
        type,
        tensor.shape(),
        channel -> {
          try (var scope = new PointerScope()) {
            Tensor whole = tensor.cpu().contiguous();
            for (ByteBuffer bytes : chunks(whole)) {
              while (bytes.hasRemaining()) {
                channel.write(bytes);
              }
            }
          }
        });
  }

  /** Copies the elements of F32, BF16, F16 or F64 tensors into these, which are fp32. */
  static void read(Safetensors file, Map<String, Tensor> tensors) {
    tensors.forEach(
        (name, tensor) -> {
          try (var scope = new PointerScope();
              var off = new NoGradGuard()) {
            TensorEntry entry = file.entry(name);
            if (!Arrays.equals(entry.shape(), tensor.shape())) {
              throw new QuartetException(
                  ErrorCode.INVALID_ARGUMENT,
                  "tensor '%s': shape %s, expected %s"
                      .formatted(
                          name, Arrays.toString(entry.shape()), Arrays.toString(tensor.shape())));
            }
            boolean asItIs = entry.bytes() == tensor.nbytes() && entry.dataType() != DataType.F64;
            if (asItIs && !tensor.is_cuda()) {
              copy(file, name, tensor);
            } else {
              convert(file, entry, tensor);
            }
          }
        });
  }

  private static void convert(Safetensors file, TensorEntry entry, Tensor tensor) {
    Tensor elements = tensor.view(-1);
    for (long from = 0; from < entry.elements(); from += CHUNK_ELEMENTS) {
      float[] chunk = new float[(int) Math.min(CHUNK_ELEMENTS, entry.elements() - from)];
      file.floats(entry.name(), from, chunk);
      elements.narrow(0, from, chunk.length).copy_(Tensor.create(chunk));
    }
  }

  private static void copy(Safetensors file, String name, Tensor tensor) {
    long from = 0;
    for (ByteBuffer chunk : chunks(tensor)) {
      int length = chunk.remaining();
      chunk.put(file.bytes(name, from, length));
      from += length;
    }
  }

  /** The memory of a contiguous tensor. */
  private static List<ByteBuffer> chunks(Tensor tensor) {
    var chunks = new ArrayList<ByteBuffer>();
    long bytes = tensor.nbytes();
    for (long from = 0; from < bytes; from += CHUNK) {
      long length = Math.min(CHUNK, bytes - from);
      chunks.add(
          new BytePointer(tensor.data_ptr()).position(from).limit(from + length).asByteBuffer());
    }
    return chunks;
  }
}
