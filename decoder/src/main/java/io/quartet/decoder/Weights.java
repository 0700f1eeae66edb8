package io.quartet.decoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxTensorLike;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.quartet.checkpoint.DataType;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.TensorEntry;
import java.io.IOException;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A checkpoint's weights as a graph takes them. F32 weights stay in the safetensors file and ONNX
 * Runtime reads them there; F16, BF16 and F64 are converted to F32 in memory.
 */
final class Weights implements AutoCloseable {
  private final Path file;
  private final ModelConfig config;
  private final Safetensors safetensors;
  private final Map<String, OnnxTensorLike> converted = new LinkedHashMap<>();

  private Weights(Path file, ModelConfig config, Safetensors safetensors) {
    this.file = file;
    this.config = config;
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
      var weights = new Weights(model.weights().toRealPath(), model.config(), safetensors);
      safetensors.requireShapes(model.config().tensorShapes());
      model.config().tensorShapes().keySet().forEach(weights::requireFloats);
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
    config
        .tensorShapes()
        .forEach(
            (name, shape) -> {
              TensorEntry entry = safetensors.entry(name);
              if (entry.dataType() == DataType.F32) {
                String location = String.valueOf(file.getFileName());
                graph.weightInFile(name, location, entry.offset(), shape);
              } else {
                graph.weightInMemory(name, shape);
              }
            });
  }

  /**
   * Tells a session that is about to be made where the weights are; they must stay open until then.
   */
  void addTo(OrtSession.SessionOptions options) throws OrtException {
    options.addConfigEntry(
        "session.model_external_initializers_file_folder_path", String.valueOf(file.getParent()));
    for (Map.Entry<String, long[]> tensor : config.tensorShapes().entrySet()) {
      String name = tensor.getKey();
      if (safetensors.entry(name).dataType() != DataType.F32) {
        FloatBuffer values = FloatBuffer.wrap(safetensors.floats(name));
        converted.put(name, OnnxTensor.createTensor(Onnx.environment(), values, tensor.getValue()));
      }
    }
    if (!converted.isEmpty()) {
      options.addExternalInitializers(converted);
    }
  }

  @Override
  public void close() {
    converted.values().forEach(OnnxTensorLike::close);
    converted.clear();
    safetensors.close();
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
