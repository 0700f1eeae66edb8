package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.OpenModels;
import io.quartet.model.PackedBatch.LastToken;
import java.nio.file.Path;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Quartet computes what transformers computes, for one tiny random model of each family. */
class OpenModelTest {
  static final List<String> FAMILIES = OpenModels.FAMILIES;
  private static final Workers WORKERS = TorchRuntime.configure(2);

  @TempDir Path folder;

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void logitsAreThoseOfTransformers(String family) {
    JsonNode expected = OpenModels.expected(family);

    float[] logits = logits(load(family, Precision.FP32), expected.path("tokens"));

    assertThat(atPositions(expected, logits))
        .containsExactly(expectedLogits(expected), within(1e-4f));
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void bfloat16StaysCloseToTransformers(String family) {
    JsonNode expected = OpenModels.expected(family);

    float[] logits =
        atPositions(expected, logits(load(family, Precision.BF16), expected.path("tokens")));

    float[] exact = expectedLogits(expected);
    double squares = 0;
    double difference = 0;
    for (int i = 0; i < exact.length; i++) {
      squares += exact[i] * exact[i];
      difference += (logits[i] - exact[i]) * (logits[i] - exact[i]);
    }
    assertThat(Math.sqrt(difference / squares)).isLessThan(0.02);
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void everyWeightLearns(String family) {
    CausalLm model = load(family, Precision.FP32);
    try (var scope = new PointerScope()) {
      PackedBatch batch = batch(OpenModels.expected(family).path("tokens"), LastToken.PREDICTED);
      new CrossEntropyLoss(batch.targetWeight()).of(model, batch).backward();
    }

    assertThat(Tiny.gradients(model)).hasSameSizeAs(Tiny.weights(model));
    assertThat(Tiny.gradients(model))
        .allSatisfy((name, gradient) -> assertThat(gradient).anyMatch(g -> g != 0));
  }

  @Test
  void openModelsLearnAtTheRateThatTheRecipeSays() {
    CausalLm model = load("llama", Precision.FP32);

    assertThat(model.weights().keySet()).allMatch(name -> model.learningRateScale(name) == 1);
  }

  private CausalLm load(String family, Precision precision) {
    Path model = OpenModels.copy(family, folder);
    return ModelWeights.causalLm(
        ModelConfig.read(model.resolve(ModelConfig.FILE)),
        precision,
        model.resolve(Checkpoint.WEIGHTS));
  }

  private static float[] logits(CausalLm model, JsonNode tokens) {
    try (var scope = new PointerScope()) {
      return Tensors.floats(model.logits(batch(tokens, LastToken.READ)));
    }
  }

  private static PackedBatch batch(JsonNode tokens, LastToken last) {
    int[] ids = OpenModels.ids(tokens);
    return PackedBatch.pack(List.of(TokenSequence.document(ids)), ids.length, last);
  }

  private static float[] atPositions(JsonNode expected, float[] logits) {
    int vocabulary = expected.at("/logits/0").size();
    int[] positions = OpenModels.ids(expected.path("positions"));
    float[] chosen = new float[positions.length * vocabulary];
    for (int i = 0; i < positions.length; i++) {
      System.arraycopy(logits, positions[i] * vocabulary, chosen, i * vocabulary, vocabulary);
    }
    return chosen;
  }

  private static float[] expectedLogits(JsonNode expected) {
    int vocabulary = expected.at("/logits/0").size();
    float[] logits = new float[expected.path("logits").size() * vocabulary];
    for (int i = 0; i < logits.length; i++) {
      logits[i] = expected.path("logits").path(i / vocabulary).path(i % vocabulary).floatValue();
    }
    return logits;
  }
}
