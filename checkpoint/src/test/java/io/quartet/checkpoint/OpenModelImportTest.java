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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

class OpenModelImportTest extends OpenModelFixture {
  static final List<String> FAMILIES = OpenModels.FAMILIES;
  static final List<String> SHARDED = OpenModels.SHARDED;

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void importedExportedAndImportedAgainEveryFileIsTheSame(String family) throws IOException {
    Path source = OpenModels.copy(family, folder);

    Checkpoint first = OpenModel.importTo(store, source, "first", Optional.empty());
    OpenModel.export(store, first, folder.resolve("exported"));
    Checkpoint second =
        OpenModel.importTo(store, folder.resolve("exported"), "second", Optional.empty());

    assertThat(Files.mismatch(source.resolve("model.safetensors"), second.weights())).isEqualTo(-1);
    for (CheckpointFile file : first.files()) {
      if (!file.name().equals(TrainingRecord.FILE)) {
        assertThat(second.files()).contains(file);
      }
    }
    for (String kept : List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
      assertThat(Files.mismatch(source.resolve(kept), first.file(kept))).isEqualTo(-1);
    }
  }

  @ParameterizedTest
  @FieldSource("SHARDED")
  void shardsBecomeOneFileWithTheSameBytesOfEveryTensor(String name) {
    Path source = OpenModels.copy(name, folder);

    Checkpoint imported = OpenModel.importTo(store, source, "sharded", Optional.empty());

    Map<String, ByteBuffer> expected = new TreeMap<>();
    for (int shard = 1; shard <= 4; shard++) {
      expected.putAll(
          tensors(source.resolve("model-0000%d-of-00004.safetensors".formatted(shard))));
    }
    assertThat(tensors(imported.weights())).isEqualTo(expected);
    try (var weights = Safetensors.open(imported.weights())) {
      assertThat(new ArrayList<>(weights.names()))
          .isEqualTo(new ArrayList<>(imported.config().tensorShapes().keySet()));
    }
  }

  @Test
  void shardedImportExportedAndImportedAgainIsTheSame() throws IOException {
    Path source = OpenModels.copy("sharded-bf16", folder);
    Checkpoint first = OpenModel.importTo(store, source, "first", Optional.empty());

    OpenModel.export(store, first, folder.resolve("exported"));
    Checkpoint second =
        OpenModel.importTo(store, folder.resolve("exported"), "second", Optional.empty());

    assertThat(Files.mismatch(first.weights(), second.weights())).isEqualTo(-1);
    assertThat(second.training().metrics()).containsEntry("data_type", "bfloat16");
  }

  @Test
  void halfPrecisionIsTheSingleOneRounded() {
    Checkpoint half = imported("sharded-bf16");
    Checkpoint single = imported("qwen3");

    try (var halves = Safetensors.open(half.weights());
        var singles = Safetensors.open(single.weights())) {
      for (String name : singles.names()) {
        float[] rounded = halves.floats(name);
        float[] exact = singles.floats(name);
        for (int i = 0; i < exact.length; i++) {
          assertThat(Math.abs(rounded[i] - exact[i])).isLessThanOrEqualTo(Math.abs(exact[i]) / 256);
        }
      }
    }
  }

  @Test
  void modelOfEachFamilyIsWrittenAsItsFamilyReadsIt() {
    for (String family : FAMILIES) {
      ModelConfig config = imported(family).config();
      Path written = folder.resolve(family + "-written");
      Folders.create(written);
      config.write(written);

      assertThat(ModelConfig.read(written.resolve(ModelConfig.FILE))).isEqualTo(config);
      assertThat(config.family().modelType()).isEqualTo(family);
      assertThat(config.unitEmbeddings()).isFalse();
    }
  }

  @Test
  void endOfTurnEndsGenerationAlsoWhereTheModelDoesNotListIt() throws IOException {
    Path source = OpenModels.copy("qwen2", folder);
    edit(source, "generation_config.json", json -> json.put("eos_token_id", 300));

    Checkpoint imported = OpenModel.importTo(store, source, "qwen", Optional.empty());

    ObjectNode generation = read(imported.file("generation_config.json"));
    assertThat(OpenModels.ids(generation.path("eos_token_id"))).containsExactly(300, 302);
  }

  @Test
  void aChatTemplateCanBeGiven() throws IOException {
    Path source = OpenModels.copy("qwen2", folder);
    Files.delete(source.resolve("chat_template.jinja"));
    Checkpoint without = OpenModel.importTo(store, source, "without", Optional.empty());
    Path template = folder.resolve("mine.jinja");
    Files.writeString(
        template, "{% for m in messages %}{{ m.role }}: {{ m.content }}<|im_end|>{% endfor %}");

    Checkpoint with = OpenModel.importTo(store, source, "with", Optional.of(template));

    assertThat(without.training().metrics()).containsEntry("chat_template", false);
    try (Tokenizer tokenizer = without.tokenizer()) {
      assertFails(() -> new ChatTemplate(tokenizer), ErrorCode.NOT_FOUND, "no special token");
    }
    assertThat(with.training().metrics()).containsEntry("chat_template", true);
    try (Tokenizer tokenizer = with.tokenizer()) {
      assertThat(new ChatTemplate(tokenizer).endTokenId()).isEqualTo(302);
    }
  }

  @Test
  void exportOverwritesNothing() throws IOException {
    Checkpoint imported = imported("llama");
    Path target = Files.createDirectories(folder.resolve("target"));
    Files.writeString(target.resolve("mine.txt"), "mine");

    assertFails(
        () -> OpenModel.export(store, imported, target),
        ErrorCode.ALREADY_EXISTS,
        "found files, expected an empty folder or none");
  }

  private Checkpoint imported(String name) {
    return OpenModel.importTo(store, OpenModels.copy(name, folder), name, Optional.empty());
  }
}
