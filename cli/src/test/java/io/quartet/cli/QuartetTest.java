package io.quartet.cli;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.OpenModel;
import io.quartet.checkpoint.OpenModels;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.TrainingRecord;
import io.quartet.cli.report.PlausibleRun;
import io.quartet.cli.run.RunFolder;
import io.quartet.keys.ApiKeyFile;
import io.quartet.keys.PlainKey;
import io.quartet.recipe.Recipe;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class QuartetTest {
  @TempDir private Path folder;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final StringWriter err = new StringWriter();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "demo",
        "up",
        "down",
        "status",
        "run",
        "resume",
        "chat",
        "checkpoints",
        "merge",
        "import",
        "export",
        "report",
        "recipe",
        "key",
        "route"
      })
  void everyCommandHasHelp(String command) {
    String[] arguments =
        command.isEmpty() ? new String[] {"--help"} : new String[] {command, "--help"};
    StringWriter help = new StringWriter();
    CommandLine line = Quartet.commandLine(console()).setOut(new PrintWriter(help));

    assertThat(line.execute(arguments)).isZero();
    assertThat(help.toString()).startsWith(("Usage: quartet " + command).strip());
  }

  @Test
  void anUnknownCommandIsWrongUsage() {
    assertThat(run("frobnicate")).isEqualTo(2);
  }

  @Test
  void aKeyIsShownOnceAndOnlyItsHashIsKept() throws Exception {
    Path file = folder.resolve("keys.yaml");
    assertThat(
            run(
                "key",
                "create",
                "alice",
                "--file=" + file,
                "--tokens-per-minute=500",
                "--priority=batch"))
        .isZero();
    PlainKey key = PlainKey.parse(printed().strip()).orElseThrow();

    assertThat(new ApiKeyFile(file).read())
        .singleElement()
        .satisfies(kept -> assertThat(key.is(kept)).isTrue());
    assertThat(Files.readString(file)).doesNotContain(key.reveal());
    assertThat(run("key", "list", "--file=" + file)).isZero();
    assertThat(printed())
        .endsWith(
            "alice                qk_%s_…  batch  requests/min -  tokens/min 500%n"
                .formatted(key.id()));
  }

  @Test
  void theDefaultRecipeIsPrintedAsItStands() {
    assertThat(run("recipe", "default")).isZero();
    assertThat(printed()).isEqualTo(Recipe.committedYaml("default"));
  }

  @Test
  void aRecipeWithAnUnknownKeyStartsNothing() throws Exception {
    Path recipe = folder.resolve("mine.yaml");
    Files.writeString(recipe, "sft: {lr: 1}\n");

    assertFails(
        "recipe: unknown key 'sft.lr', nearest is 'sft.learning_rate'", "run", recipe.toString());
    assertThat(folder.resolve("home")).doesNotExist();
  }

  @Test
  void aMissingRecipeIsNamed() {
    assertFails(
        "cannot read %s: no such file or folder".formatted(folder.resolve("none.yaml")),
        "run",
        folder.resolve("none.yaml").toString());
  }

  @Test
  void aRunsNameIsChecked() throws Exception {
    Path recipe = folder.resolve("mine.yaml");
    Files.writeString(recipe, "name: mine\n");

    assertThat(run("run", recipe.toString(), "--run", "Not A Name")).isEqualTo(1);
    assertThat(err.toString()).contains("Not A Name").hasLineCount(1);
  }

  @Test
  void aTakenPortIsNamedBeforeAnythingStarts() throws Exception {
    Path installation = installation();
    try (var socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      int port = socket.getLocalPort();
      System.setProperty("quartet.installation", installation.toString());
      try {
        assertThat(run("up", "--port-base", Integer.toString(port))).isEqualTo(1);
      } finally {
        System.clearProperty("quartet.installation");
      }
      assertThat(err.toString())
          .startsWith("quartet: port %d on 127.0.0.1, for the broker,".formatted(port))
          .hasLineCount(1);
      assertThat(folder.resolve("home/processes")).doesNotExist();
    }
  }

  @Test
  void whatIsNotBuiltIsNamed() {
    System.setProperty("quartet.installation", folder.toString());
    try {
      assertThat(run("up")).isEqualTo(1);
    } finally {
      System.clearProperty("quartet.installation");
    }
    assertThat(err.toString()).contains("base-service is not built").hasLineCount(1);
  }

  @Test
  void chatWithoutAStackSaysHowToStartOne() {
    assertFails(
        "no stack is up in %s: start one with ./quartet up".formatted(folder.resolve("home")),
        "chat",
        "-m",
        "hello");
  }

  @Test
  void aGatewayThatCannotBeSpokenToSaysWhereAndHow() throws Exception {
    Path file = Files.writeString(folder.resolve("ca.crt"), "no certificate");
    assertFails(
        "TLS with [%1$s]: File does not contain valid certificates: %1$s, expected PEM files"
            .formatted(file),
        "chat",
        "-m=hi",
        "--ca=" + file);
    assertFails("--cert and --key: found one, expected both or none", "route", "--cert=" + file);
    assertFails(
        "no gateway answers at 127.0.0.1:1 over TLS (Connection refused): is it up, and does it"
            + " speak that?",
        "chat",
        "-m=hi",
        "--gateway=127.0.0.1:1",
        "--tls");
  }

  @Test
  void aReportNeedsNoStack() {
    RunFolder kept =
        RunFolder.create(
            Workspace.create(folder.resolve("runs")).resolve(PlausibleRun.NAME), "name: x\n");
    kept.append(PlausibleRun.events());

    assertThat(run("report", PlausibleRun.NAME)).isZero();
    assertThat(printed().strip()).isEqualTo(kept.file("report.html").toString());
    assertThat(kept.file("report.html")).exists();
    assertThat(kept.file("report.json")).exists();
  }

  @Test
  void onlyARunThatFailedOrWasCancelledIsResumed() {
    RunFolder kept =
        RunFolder.create(
            Workspace.create(folder.resolve("runs")).resolve(PlausibleRun.NAME), "name: x\n");
    kept.append(PlausibleRun.events());

    assertFails(
        "run '%s' has completed, expected one that failed or was cancelled"
            .formatted(PlausibleRun.NAME),
        "resume",
        PlausibleRun.NAME);
    assertFails(
        "no run 'none' in %s; there are: [%s]".formatted(folder.resolve("runs"), PlausibleRun.NAME),
        "resume",
        "none");
  }

  @Test
  void statusAndDownWithoutAStackAreNoFailures() {
    assertThat(run("status")).isZero();
    assertThat(run("down")).isZero();
    assertThat(printed()).isEqualTo("No stack is up.\nNo stack is up.\n");
  }

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

  private Path installation() throws Exception {
    for (String module :
        new String[] {
          "base-service", "sft-service", "reward-service", "rl-service", "inference-gateway"
        }) {
      Path application = folder.resolve(module).resolve("target/quarkus-app");
      Files.createDirectories(application);
      Files.createFile(application.resolve("quarkus-run.jar"));
    }
    return folder;
  }

  private void assertFails(String message, String... arguments) {
    err.getBuffer().setLength(0);
    assertThat(run(arguments)).isEqualTo(1);
    assertThat(err).hasToString("quartet: " + message + System.lineSeparator());
  }

  private int run(String... arguments) {
    CommandLine line = Quartet.commandLine(console()).setErr(new PrintWriter(err));
    String[] all = java.util.Arrays.copyOf(arguments, arguments.length + 4);
    if (line.getSubcommands().containsKey(arguments[0])
        && !List.of("recipe", "key").contains(arguments[0])) {
      all[arguments.length] = "--home";
      all[arguments.length + 1] = folder.resolve("home").toString();
      all[arguments.length + 2] = "--runs";
      all[arguments.length + 3] = folder.resolve("runs").toString();
      return line.execute(all);
    }
    return line.execute(arguments);
  }

  private Console console() {
    return new Console(new PrintStream(out, true, StandardCharsets.UTF_8), false, false, 100);
  }

  private String printed() {
    return out.toString(StandardCharsets.UTF_8);
  }
}
