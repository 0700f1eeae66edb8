package io.quartet.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.OpenModel;
import io.quartet.checkpoint.OpenModels;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.TrainingRecord;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** The commands that list, import, export and merge checkpoints. */
class CheckpointCommandsTest extends CommandFixture {
  @Test
  void mergingWhatIsNotThereSaysSo() {
    assertFails(
        "no checkpoint 'sft/demo/5' in %s; ./quartet checkpoints lists what is there"
            .formatted(folder.resolve("home")),
        "merge",
        "sft/demo/5");
  }

  @Test
  void anOpenModelIsImportedListedAndExported() throws Exception {
    Path source = OpenModels.copy("qwen2", folder);

    assertThat(run("import", source.toString(), "--name", "tiny")).isZero();
    assertThat(run("checkpoints")).isZero();
    assertThat(run("export", "base/tiny/0", folder.resolve("out").toString(), "--gguf")).isZero();

    assertThat(folder.resolve("out/model.gguf")).content(ISO_8859_1).startsWith("GGUF\3\0\0\0");
    assertThat(printed())
        .startsWith("base/tiny/0  qwen2, 0.1 M parameters, float32, context 256\n")
        .contains("In a recipe: model: {from: base/tiny/0}\n")
        .containsPattern("base/tiny/0 +0\\.\\d MB  sha256 [0-9a-f]{12}  imported\n");
    assertThat(folder.resolve("home/base-service/checkpoints/base/tiny/0")).isDirectory();
    for (String file : List.of("config.json", "model.safetensors", "tokenizer.json")) {
      assertThat(folder.resolve("out").resolve(file)).hasSameBinaryContentAs(source.resolve(file));
    }
  }

  @Test
  void aPolicyThatARolloutWorkerSampledFromIsNoResult() {
    Path model = OpenModels.copy("llama", folder);
    for (String service : List.of("rl-rollout", "rl-learner")) {
      var store = new CheckpointStore(folder.resolve("home").resolve(service + "/checkpoints"));
      long step = service.equals("rl-learner") ? 12 : 11;
      try (var pending = store.begin(new CheckpointId(Stage.RL, "r", step))) {
        OpenModel.take(model, pending.directory(), Optional.empty());
        Map<String, Long> metrics =
            step == 12 ? Map.of() : Map.of(TrainingRecord.POLICY_VERSION, step);
        new TrainingRecord("", Optional.empty(), Map.copyOf(metrics)).write(pending.directory());
        pending.publish();
      }
    }

    assertThat(run("checkpoints")).isZero();

    assertThat(printed()).contains("rl/r/12 ").doesNotContain("rl/r/11");
  }

  @Test
  void aCheckpointsPlaceIsItsStagesOwnAndNoCopyOfAnothersService() {
    Path model = OpenModels.copy("llama", folder);
    var id = new CheckpointId(Stage.SFT, "r", 7);
    for (String service : List.of("inference-gateway", "rl-learner", "sft-service")) {
      var store = new CheckpointStore(folder.resolve("home").resolve(service + "/checkpoints"));
      try (var pending = store.begin(id)) {
        OpenModel.take(model, pending.directory(), Optional.empty());
        new TrainingRecord("", Optional.empty(), Map.of()).write(pending.directory());
        pending.publish();
      }
    }

    assertThat(run("checkpoints")).isZero();

    assertThat(printed()).contains("home/sft-service/").doesNotContain("rl-learner", "gateway");
    assertThat(new Workspace(folder, folder.resolve("home"), folder).storeOf(id).get(id))
        .extracting(found -> found.directory().toString())
        .asString()
        .contains("home/sft-service/");
  }

  @Test
  void whatCannotBeImportedOrExportedIsSaidInOneLine() throws Exception {
    Path source = OpenModels.copy("llama", folder);
    Files.move(source.resolve("model.safetensors"), source.resolve("pytorch_model.bin"));

    assertFails(
        source
            + ": found 'pytorch_model.bin', a pickle, which can run code, expected"
            + " model.safetensors or model.safetensors.index.json",
        "import",
        source.toString());
    assertFails(
        "no checkpoint 'sft/none/3' in %s; ./quartet checkpoints lists what is there"
            .formatted(folder.resolve("home")),
        "export",
        "sft/none/3",
        folder.resolve("out").toString());
  }
}
