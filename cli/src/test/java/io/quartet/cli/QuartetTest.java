package io.quartet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.cli.report.PlausibleRun;
import io.quartet.cli.run.RunFolder;
import io.quartet.keys.ApiKeyFile;
import io.quartet.keys.PlainKey;
import io.quartet.recipe.Recipe;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class QuartetTest extends CommandFixture {
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

  @ParameterizedTest
  @ValueSource(ints = {80, 100, 120})
  void helpKeepsTheNameOfTheDataDirectoryInOnePiece(int width) {
    StringWriter help = new StringWriter();
    CommandLine line = Quartet.commandLine(console()).setOut(new PrintWriter(help));
    line.setUsageHelpAutoWidth(false).setUsageHelpWidth(width);

    line.getSubcommands().keySet().forEach(command -> line.execute(command, "--help"));
    line.execute("key", "create", "--help");

    assertThat(help.toString().lines()).isNotEmpty().noneMatch(l -> l.matches(".* \\.$"));
  }

  @Test
  void aNameThatMayBeLeftOutIsShownSo() {
    StringWriter help = new StringWriter();
    Quartet.commandLine(console()).setOut(new PrintWriter(help)).execute("recipe", "--help");

    assertThat(help.toString()).startsWith("Usage: quartet recipe [-hV] [NAME]\n");
  }

  @Test
  void aWrongOptionIsNamedAsItWasTyped() {
    assertWrong("--temperature: got -1.0, expected 0 to 10", "chat", "--temperature=-1");
    assertWrong("--max-tokens: got 0, expected at least 1", "chat", "--max-tokens=0");
    assertWrong("--priority: 'high', expected", "key", "create", "bob", "--priority=high");
    assertThat(err.toString()).contains("Usage: quartet key create [");
    for (String address :
        new String[] {
          "http://127.0.0.1:19160",
          "127.0.0.1:abc",
          "127.0.0.1",
          "127.0.0.1:70000",
          "127.0.0.1:1/",
          "a b:1",
          ":1"
        }) {
      String message = "--gateway: '%s', expected HOST:PORT".formatted(address);
      assertWrong(message, "chat", "-m=hi", "--gateway=" + address);
      assertWrong(message, "route", "--gateway=" + address);
    }
  }

  private void assertWrong(String message, String... arguments) {
    err.getBuffer().setLength(0);
    assertThat(run(arguments)).isEqualTo(2);
    assertThat(err.toString()).startsWith(message).contains("\nUsage: quartet " + arguments[0]);
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
  void aWebServersPortIsNoGateways() throws Exception {
    try (var web = new WebServer()) {
      assertFails(
          "no gateway answers at %s in plain text (UNIMPLEMENTED: HTTP status code 404): is it up,"
                  .formatted(web.address())
              + " and does it speak that?",
          "chat",
          "-m=hi",
          "--gateway=" + web.address());
    }
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
  void statusAndDownWithoutAStackAreNoFailures() {
    assertThat(run("status")).isZero();
    assertThat(run("down")).isZero();
    assertThat(printed()).isEqualTo("No stack is up.\nNo stack is up.\n");
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
}
