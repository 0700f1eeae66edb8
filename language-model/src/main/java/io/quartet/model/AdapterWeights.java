package io.quartet.model;

import io.quartet.checkpoint.Adapter;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Safetensors;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** What was trained beside frozen weights, as the folder that PEFT reads and writes. */
public final class AdapterWeights {
  private AdapterWeights() {}

  /**
   * Writes {@code adapter_config.json} and {@code adapter_model.safetensors} into a folder.
   *
   * @param adapter what the model adapts, and the checkpoint that its frozen weights are of
   * @throws QuartetException as {@link Safetensors#write}
   */
  public static void save(TransformerModel model, Adapter adapter, Path directory) {
    adapter.write(directory, model.config());
    ModelWeights.write(directory.resolve(Adapter.WEIGHTS), adapter.metadata(), named(model));
  }

  /**
   * Replaces a model's adapters by those of a folder.
   *
   * @throws QuartetException as {@link Adapter#read}; INVALID_ARGUMENT if a tensor is missing, too
   *     many or of another shape than the model's
   */
  public static void load(TransformerModel model, Path directory) {
    Adapter adapter = Adapter.read(directory);
    try (var tensors = Safetensors.open(directory.resolve(Adapter.WEIGHTS))) {
      tensors.requireShapes(adapter.tensorShapes(model.config()));
      ModelWeights.read(tensors, named(model));
    }
  }

  private static Map<String, Tensor> named(TransformerModel model) {
    var named = new LinkedHashMap<String, Tensor>();
    model.trainedWeights().forEach((name, weight) -> named.put(Adapter.PREFIX + name, weight));
    return named;
  }
}
