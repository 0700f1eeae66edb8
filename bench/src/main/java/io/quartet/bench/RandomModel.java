package io.quartet.bench;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Safetensors;
import io.quartet.checkpoint.TensorSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** A model with random weights as a Hugging Face folder; no token ends an answer. */
final class RandomModel {
  private static final double DEVIATION = 0.02;

  private RandomModel() {}

  static void write(ModelConfig config, Path folder) throws IOException {
    Files.createDirectories(folder);
    config.write(folder);
    Files.writeString(folder.resolve("generation_config.json"), "{\"eos_token_id\": []}\n");
    var random = new Random(1);
    List<TensorSource> tensors = new ArrayList<>();
    config
        .tensorShapes()
        .forEach((name, shape) -> tensors.add(TensorSource.of(name, values(shape, random), shape)));
    Safetensors.write(folder.resolve(Checkpoint.WEIGHTS), Map.of("format", "pt"), tensors);
  }

  private static float[] values(long[] shape, Random random) {
    boolean norm = shape.length == 1;
    float[] values = new float[Math.toIntExact(norm ? shape[0] : shape[0] * shape[1])];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (norm ? 1 : DEVIATION * random.nextGaussian());
    }
    return values;
  }
}
