package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** What is not taken as a model, and how that is said. */
class OpenModelRefusalTest extends OpenModelFixture {
  @Test
  void weightsThatAreNotTheModelsAreRefusedByTensor() {
    refuses(
        "qwen3",
        (model, tensors) -> tensors.remove("model.layers.1.self_attn.k_norm.weight"),
        "tensor 'model.layers.1.self_attn.k_norm.weight': missing, expected shape [16]");
    refuses(
        "mistral",
        (model, tensors) -> tensors.put("model.layers.0.self_attn.q_proj.bias", new long[] {128}),
        "tensor 'model.layers.0.self_attn.q_proj.bias': shape [128], expected no such tensor");
    refuses(
        "qwen2",
        (model, tensors) -> tensors.put("model.layers.0.self_attn.v_proj.bias", new long[] {16}),
        "tensor 'model.layers.0.self_attn.v_proj.bias': shape [16], expected shape [32]");
  }

  @Test
  void headsThatCannotGenerateAreRefused() {
    Path source = OpenModels.copy("llama", folder);
    edit(source, "config.json", json -> json.put("head_dim", 24));

    assertRefused(
        source, source.resolve("config.json") + ": head_dim 24, expected a multiple of 16");
  }

  @Test
  void aTensorThatIsNoFloatIsRefused() {
    Path source = OpenModels.copy("llama", folder);
    ModelConfig config = ModelConfig.read(source.resolve(ModelConfig.FILE));
    List<TensorSource> tensors = new ArrayList<>();
    config
        .tensorShapes()
        .forEach(
            (name, shape) -> {
              ByteBuffer zeros = ByteBuffer.allocate((int) Safetensors.elements(shape));
              tensors.add(TensorSource.of(name, DataType.I8, zeros, shape));
            });
    Safetensors.write(source.resolve("model.safetensors"), Map.of(), tensors);

    assertRefused(source, "'model.embed_tokens.weight': type I8, expected F32, F16 or BF16");
  }

  @Test
  void picklesAreRefusedByName() throws IOException {
    Path source = OpenModels.copy("llama", folder);
    Files.move(source.resolve("model.safetensors"), source.resolve("pytorch_model.bin"));

    assertRefused(
        source,
        "found 'pytorch_model.bin', a pickle, which can run code, expected model.safetensors or");
  }

  @Test
  void noWeightsAndNoFolderAreNotFound() throws IOException {
    Path source = OpenModels.copy("llama", folder);
    Files.delete(source.resolve("model.safetensors"));

    assertFails(
        () -> OpenModel.importTo(store, source, "x", Optional.empty()),
        ErrorCode.NOT_FOUND,
        "found no weights, expected model.safetensors");
    assertFails(
        () -> OpenModel.importTo(store, folder.resolve("absent"), "x", Optional.empty()),
        ErrorCode.NOT_FOUND,
        "absent: found no such folder");
  }

  @Test
  void truncatedWeightsAreRefused() throws IOException {
    Path source = OpenModels.copy("llama", folder);
    byte[] bytes = Files.readAllBytes(source.resolve("model.safetensors"));
    Files.write(
        source.resolve("model.safetensors"), java.util.Arrays.copyOf(bytes, bytes.length - 1));

    assertFails(
        () -> OpenModel.importTo(store, source, "x", Optional.empty()),
        ErrorCode.DATA_LOSS,
        "model.safetensors");
  }

  @Test
  void anIndexCannotLeaveItsFolder() {
    for (String name : List.of("../qwen3/model.safetensors", "/etc/passwd", "sub/x.safetensors")) {
      assertIndexRefused(
          map -> map.put("model.norm.weight", name),
          "is in \"" + name + "\", expected the plain name");
    }
    assertIndexRefused(map -> map.put("model.norm.weight", "config.json"), "a .safetensors file");
    assertIndexRefused(map -> map.put("model.norm.weight", 3), "is in 3, expected the plain name");
  }

  @Test
  void anIndexThatDoesNotSayWhatIsInTheFilesIsRefused() {
    assertIndexRefused(
        map -> map.put("model.norm.weight", "model-00001-of-00004.safetensors"),
        "tensor 'model.norm.weight': missing, expected it as model.safetensors.index.json says");
    assertIndexRefused(
        map -> map.remove("model.layers.1.input_layernorm.weight"),
        "tensor 'model.layers.1.input_layernorm.weight': found, expected it nowhere as");
    assertIndexRefused(map -> map.removeAll(), "weight_map is {}, expected file names by tensor");
  }

  @Test
  void aMissingShardIsNotFound() throws IOException {
    Path source = OpenModels.copy("sharded-fp16", folder);
    Files.delete(source.resolve("model-00003-of-00004.safetensors"));

    assertFails(
        () -> OpenModel.importTo(store, source, "x", Optional.empty()),
        ErrorCode.NOT_FOUND,
        "is in 'model-00003-of-00004.safetensors', found no such file");
  }

  @Test
  void aTokenizerOfMoreTokensThanTheModelHasIsRefused() {
    Path source = OpenModels.copy("llama", folder);
    edit(source, "tokenizer.json", json -> ((ObjectNode) json.at("/model/vocab")).put("zz", 400));

    assertRefused(source, "tokenizer.json: 401 tokens, expected at most the vocab_size 320");
  }

  @Test
  void aChatTemplateThatCannotBeUsedIsRefused() throws IOException {
    Path source = OpenModels.copy("qwen2", folder);
    Path template = source.resolve("chat_template.jinja");
    Files.writeString(template, "{% for m in messages %}{{ m.content }}\n{% endfor %}");
    assertRefused(source, "chat template: the assistant's turn ends in '\\n', expected one of");
    Files.writeString(template, "{% for m in messages %}{{ m.content | unheard_of }}{% endfor %}");
    assertRefused(source, "chat template: ");
    Files.writeString(template, "{% for m in messages %}{{ m.content ");
    assertRefused(source, "chat template: a tag is not closed");
  }

  @Test
  void aRefusedImportLeavesNothing() throws IOException {
    Path source = OpenModels.copy("qwen2", folder);
    Files.writeString(source.resolve("chat_template.jinja"), "{{ raise_exception('no') }}");

    assertRefused(source, "chat template: no");

    assertThat(store.list()).isEmpty();
    try (var left = Files.list(folder.resolve("store/base/x"))) {
      assertThat(left.filter(Files::isDirectory)).isEmpty();
    }
  }

  private void assertRefused(Path source, String message) {
    assertFails(
        () -> OpenModel.importTo(store, source, "x", Optional.empty()),
        ErrorCode.INVALID_ARGUMENT,
        message);
  }

  private void refuses(
      String family, BiConsumer<ModelConfig, Map<String, long[]>> edit, String message) {
    Path source = OpenModels.copy(family, folder);
    ModelConfig config = ModelConfig.read(source.resolve(ModelConfig.FILE));
    Map<String, long[]> shapes = new TreeMap<>(config.tensorShapes());
    edit.accept(config, shapes);
    List<TensorSource> tensors = new ArrayList<>();
    shapes.forEach(
        (name, shape) ->
            tensors.add(
                TensorSource.of(name, new float[(int) Safetensors.elements(shape)], shape)));
    Safetensors.write(source.resolve("model.safetensors"), Map.of(), tensors);
    assertRefused(source, message);
  }

  private void assertIndexRefused(Consumer<ObjectNode> edit, String message) {
    Path source = folder.resolve("sharded-bf16");
    Folders.deleteTree(source);
    OpenModels.copy("sharded-bf16", folder);
    edit(
        source,
        "model.safetensors.index.json",
        json -> edit.accept((ObjectNode) json.path("weight_map")));
    assertRefused(source, message);
  }
}
