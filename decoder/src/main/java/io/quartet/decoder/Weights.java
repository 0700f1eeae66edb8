package io.quartet.decoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.DataType;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Safetensors;
import io.quartet.decoder.OnnxGraph.ElementType;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * A checkpoint's weights as a graph takes them. At FP32, F32 weights stay in the safetensors file
 * and ONNX Runtime reads them there, if those that the graph sees as one lie side by side; F16,
 * BF16 and F64 are converted to F32 in memory. At a lower precision matrices are quantised in
 * memory, one after the other.
 */
final class Weights implements AutoCloseable {
  /** The embedding, which is read row by row. */
  static final String EMBEDDING = "model.embed_tokens.weight";

  /** The matrix from the hidden state to a reward. */
  static final String REWARD_HEAD = "score.weight";

  private static final String HEAD = "lm_head.weight";

  private final Path file;
  private final ModelConfig config;
  private final Precision precision;
  private final Safetensors safetensors;
  private final Map<String, TensorStack> stacks = new LinkedHashMap<>();
  private final Map<String, OnnxTensorLike> inMemory = new LinkedHashMap<>();
  private final List<DirectMemory> converted = new ArrayList<>();
  private final List<QuantizedMatrix> quantized = new ArrayList<>();

  private Weights(Path file, ModelFiles model, Safetensors safetensors) {
    this.file = file;
    this.config = model.config();
    this.precision = model.precision();
    this.safetensors = safetensors;
  }

  /**
   * Opens the weights and checks that they are the model's.
   *
   * @throws QuartetException NOT_FOUND without the file; DATA_LOSS if it is truncated;
   *     INVALID_ARGUMENT, naming the tensor, if it does not hold what the configuration says, or if
   *     the heads have a size that ONNX Runtime's attention does not take
   */
  static Weights open(ModelFiles model) {
    model.config().requireDecodable(model.name());
    Safetensors safetensors = Safetensors.open(model.weights());
    try {
      // ONNX Runtime refuses external data behind a symbolic link, which is how caches keep it.
      var weights = new Weights(model.weights().toRealPath(), model, safetensors);
      safetensors.requireShapes(model.config().tensorShapes());
      model.config().tensorShapes().keySet().forEach(weights::requireFloats);
      TensorStack.of(model.config(), safetensors)
          .forEach(stack -> weights.stacks.put(stack.name(), stack));
      return weights;
    } catch (IOException e) {
      safetensors.close();
      throw QuartetException.reading(model.weights(), e);
    } catch (QuartetException e) {
      safetensors.close();
      throw e;
    }
  }

  ModelConfig config() {
    return config;
  }

  /** Declares every weight in a graph. */
  void declareAll(OnnxGraph graph) {
    stacks.values().forEach(stack -> declare(graph, stack));
  }

  private void declare(OnnxGraph graph, TensorStack stack) {
    String name = stack.name();
    long[] shape = stack.shape();
    Optional<BlockFormat> format = format(name);
    if (format.isPresent()) {
      declareBlocks(graph, name, format.get(), shape[0], (int) shape[1]);
    } else if (stack.place().isPresent()) {
      String location = String.valueOf(file.getFileName());
      graph.weightInFile(name, location, stack.place().get(), shape);
    } else {
      graph.weightInMemory(name, ElementType.FLOAT, shape);
    }
  }

  private void declareBlocks(
      OnnxGraph graph, String name, BlockFormat format, long rows, int columns) {
    int blocks = format.blocks(columns);
    int bytes = format.blockBytes();
    if (multiplies(name)) {
      graph.weightInMemory(values(name), ElementType.UINT8, rows, blocks, bytes);
    }
    if (name.equals(EMBEDDING)) {
      graph.weightInMemory(lookup(name), ElementType.UINT8, rows, (long) blocks * bytes);
    }
    graph.weightInMemory(scales(name), ElementType.FLOAT, rows, blocks);
    if (format.zeroPoints()) {
      int points = format.zeroPointBytes(columns);
      graph.weightInMemory(zeroPoints(name), ElementType.UINT8, rows, points);
    }
  }

  /**
   * Tells a session that is about to be made where the weights are; they must stay open until then.
   */
  void addTo(OrtSession.SessionOptions options) throws OrtException {
    options.addConfigEntry(
        "session.model_external_initializers_file_folder_path", String.valueOf(file.getParent()));
    for (TensorStack stack : stacks.values()) {
      Optional<BlockFormat> format = format(stack.name());
      if (format.isPresent()) {
        addBlocks(stack, format.get());
      } else if (stack.place().isEmpty()) {
        DirectMemory memory = stack.floats(safetensors);
        converted.add(memory);
        FloatBuffer values = memory.buffer().asFloatBuffer();
        OnnxTensor tensor = OnnxTensor.createTensor(Onnx.environment(), values, stack.shape());
        inMemory.put(stack.name(), tensor);
      }
    }
    if (!inMemory.isEmpty()) {
      options.addExternalInitializers(inMemory);
    }
  }

  private void addBlocks(TensorStack stack, BlockFormat format) throws OrtException {
    String name = stack.name();
    QuantizedMatrix matrix = QuantizedMatrix.of(safetensors, stack, format);
    quantized.add(matrix);
    if (multiplies(name)) {
      inMemory.put(values(name), matrix.values());
    }
    if (name.equals(EMBEDDING)) {
      inMemory.put(lookup(name), matrix.valueRows());
    }
    inMemory.put(scales(name), matrix.scales());
    if (format.zeroPoints()) {
      inMemory.put(zeroPoints(name), matrix.zeroPoints());
    }
  }

  /** The sizes of a weight of the graph, [out, in] for a matrix. */
  long[] shape(String name) {
    return Objects.requireNonNull(stacks.get(name), name).shape();
  }

  /** The matrix from the hidden state to the logits. */
  String head() {
    return config.tiedEmbeddings() ? EMBEDDING : HEAD;
  }

  /** How a weight is quantised; empty if it is FP32. */
  Optional<BlockFormat> format(String name) {
    return format(name, precision);
  }

  /** How a weight is quantised at a precision; empty if it is FP32. */
  static Optional<BlockFormat> format(String name, Precision precision) {
    if (!name.endsWith("_proj.weight") && !name.equals(EMBEDDING) && !name.equals(HEAD)) {
      return Optional.empty();
    }
    return switch (precision) {
      case FP32 -> Optional.empty();
      case INT8 -> Optional.of(BlockFormat.INT8);
      case INT4 -> Optional.of(name.endsWith("_proj.weight") ? BlockFormat.INT4 : BlockFormat.INT8);
    };
  }

  /** Of a quantised matrix that multiplies: UINT8 [N, blocks, bytes of a block]. */
  static String values(String weight) {
    return weight + ".values";
  }

  /** Of a quantised embedding: the same bytes as UINT8 [N, bytes of a row]. */
  static String lookup(String weight) {
    return weight + ".lookup";
  }

  /** Of a quantised matrix: FLOAT [N, blocks]. */
  static String scales(String weight) {
    return weight + ".scales";
  }

  /** Of a matrix whose format has zero points: UINT8 [N, bytes]. */
  static String zeroPoints(String weight) {
    return weight + ".zero_points";
  }

  @Override
  public void close() {
    inMemory.values().forEach(OnnxTensorLike::close);
    inMemory.clear();
    converted.forEach(DirectMemory::close);
    converted.clear();
    quantized.forEach(QuantizedMatrix::close);
    quantized.clear();
    safetensors.close();
  }

  /** Whether a matrix multiplies, and is not only looked up. */
  private boolean multiplies(String name) {
    boolean language = config.architecture() == Architecture.CAUSAL_LM;
    return !name.equals(EMBEDDING) || (language && config.tiedEmbeddings());
  }

  private void requireFloats(String name) {
    DataType type = safetensors.entry(name).dataType();
    switch (type) {
      case F32, F16, BF16, F64 -> {}
      case I64, I32, I16, I8, U8, BOOL ->
          throw new QuartetException(
              ErrorCode.INVALID_ARGUMENT,
              "%s: tensor '%s': type %s, expected F32, F16, BF16 or F64"
                  .formatted(file, name, type));
    }
  }
}
