package io.quartet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quartet.cli.stack.FreePorts;
import io.quartet.cli.stack.LocalStack;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command, the broker, the five services and two rollout workers, all as processes. */
class EndToEndIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Path INSTALLATION = Path.of("..").toAbsolutePath().normalize();

  @TempDir private static Path folder;
  private static LocalStack stack;

  /** The stack is this JVM's own: it ends even if the test is killed. */
  @BeforeAll
  static void up() throws Exception {
    Workspace workspace =
        new Workspace(INSTALLATION, folder.resolve("home"), folder.resolve("runs"));
    stack = LocalStack.of(workspace, FreePorts.choose(), 2, line -> {});
    stack.start();
    assertThat(stack.lines()).hasSize(8).allMatch(l -> l.state().equals("ready"));
  }

  @AfterAll
  static void down() throws Exception {
    List<ProcessHandle> processes = processes();
    stack.close();
    assertThat(processes).hasSizeGreaterThan(6).noneMatch(ProcessHandle::isAlive);
    assertThat(folder.resolve("home/processes")).isEmptyDirectory();
  }

  @Test
  void aRunTellsItsWholeStoryThoughARolloutWorkerIsKilled() throws Exception {
    Launched run = launchWithoutWaiting("run", recipe("tiny", ""), "--run=story");
    run.awaitOutput("rl      1/6");
    process("rl-rollout").destroyForcibly();
    assertThat(run.exitCode()).as(run.output()).isZero();

    Path story = folder.resolve("runs/story");
    assertThat(run.output()).contains("Report: " + story.resolve("report.html"));
    assertThat(Files.readString(story.resolve("report.html")))
        .contains("all four stages completed");
    assertStory(JSON.readTree(story.resolve("report.json").toFile()));

    Launched status = launch("status");
    assertThat(status.output())
        .containsPattern("rl-rollout +ended")
        .containsPattern("rl-rollout-2 +ready")
        .contains("run story: completed");
    assertThat(launch("checkpoints").output())
        .contains("base/story/150", "sft/story/60", "reward/story/", "rl/story/6");
    for (String model : List.of("base", "sft", "rl", "rl/story/6")) {
      Launched chat = launch("chat", "--model=" + model, "-m", "what does time mean?");
      assertThat(chat.exitCode()).as(chat.output()).isZero();
      assertThat(chat.output()).isNotBlank();
    }
    Launched unknown = launch("chat", "--model=nope", "-m", "hi");
    assertThat(unknown.exitCode()).isEqualTo(1);
    assertThat(unknown.output()).startsWith("quartet: ").contains("'nope'").hasLineCount(1);
  }

  private static void assertStory(JsonNode json) {
    assertThat(json.path("run").textValue()).isEqualTo("story");
    assertThat(json.path("seconds").doubleValue()).isPositive();
    for (String stage : List.of("base", "sft", "reward", "rl")) {
      assertThat(json.at("/stages/" + stage + "/seconds").doubleValue()).as(stage).isPositive();
      assertThat(json.at("/stages/" + stage + "/flops").doubleValue()).as(stage).isPositive();
      assertThat(json.at("/checkpoints/" + stage).textValue()).startsWith(stage + "/story/");
    }
    assertThat(json.at("/stages/base/parameters").longValue()).isBetween(50_000L, 150_000L);
    assertThat(json.at("/stages/base/tokens").longValue()).isGreaterThan(100_000);
    assertThat(json.at("/stages/base/tokens_per_second").doubleValue()).isPositive();
    assertThat(json.at("/stages/base/validation_loss").doubleValue()).isBetween(0.1, 3.0);
    assertThat(json.at("/stages/base/bits_per_byte").doubleValue()).isBetween(0.05, 2.0);
    assertThat(json.at("/stages/sft/validation_loss").doubleValue()).isBetween(0.1, 3.0);
    for (String figure : List.of("accuracy", "length_heuristic")) {
      assertShare(json.at("/stages/reward/" + figure));
    }
    assertThat(json.at("/stages/reward/accuracy_interval")).hasSize(2);
    assertThat(json.at("/stages/reward/by_flaw").size()).isGreaterThan(4);
    assertThat(json.at("/stages/reward/best_of_8/gold/gain/mean").isNumber()).isTrue();
    for (String figure : List.of("reward_before", "reward_after", "kl")) {
      assertThat(json.at("/stages/rl/" + figure).isNumber()).as(figure).isTrue();
    }
    assertThat(json.at("/stages/rl/gold_interval")).hasSize(2);
    for (String model : List.of("base", "sft", "rl")) {
      assertShare(json.at("/gold/" + model));
    }
    assertThat(json.at("/stages/rl/gold_before")).isEqualTo(json.at("/gold/sft"));
    assertThat(json.at("/stages/rl/gold_after")).isEqualTo(json.at("/gold/rl"));
    for (String pair : List.of("rl_vs_sft", "rl_vs_base", "sft_vs_base")) {
      assertShare(json.at("/win_rates/" + pair + "/gold/mean"));
      assertShare(json.at("/win_rates/" + pair + "/reward/mean"));
    }
  }

  private static void assertShare(JsonNode node) {
    assertThat(node.isNumber()).isTrue();
    assertThat(node.doubleValue()).isBetween(0.0, 1.0);
  }

  @Test
  void aFailedStageEndsTheRunWithItsCauseAndStatusKeepsIt() throws Exception {
    Path rows = folder.resolve("rows.jsonl");
    Files.writeString(rows, "{\"text\": \"good\"}\n{\"txt\": \"bad\"}\n");
    String changes = "data: {lessons: {words: 40}, documents: [rows.jsonl]}\n";

    Launched run = launch("run", recipe("broken", changes), "--run=broken");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.output())
        .contains("quartet: run 'broken' failed in its base stage: ", "rows.jsonl:2: ");
    assertThat(Files.readString(folder.resolve("runs/broken/report.html")))
        .contains("failed: ", "rows.jsonl:2: ");
    assertThat(launch("status").output())
        .contains("run broken: failed", "rows.jsonl:2: ")
        .containsPattern("sft +cancelled");
  }

  @Test
  void ctrlCCancelsTheRunAndLeavesTheStack() throws Exception {
    Launched run =
        launchWithoutWaiting("run", recipe("long", "base: {steps: 100000}\n"), "--run=long");
    run.awaitOutput("training");

    new ProcessBuilder("kill", "-INT", Long.toString(run.process.pid())).start().waitFor();

    assertThat(run.exitCode()).as(run.output()).isEqualTo(130);
    await(
        () -> {
          String status = launch("status").output();
          return status.contains("run long: cancelled") && !status.contains("base    1");
        });
    assertThat(launch("status").output()).containsPattern("base-service +ready");
  }

  /** The tiny recipe with changes, as a file. */
  private static String recipe(String name, String changes) throws Exception {
    String tiny = io.quartet.recipe.Recipe.committedYaml("tiny");
    Path file = folder.resolve(name + ".yaml");
    StringBuilder yaml = new StringBuilder();
    // A section that changes replaces the recipe's own; tiny's other sections stay.
    String section = changes.isEmpty() ? "" : changes.substring(0, changes.indexOf(':'));
    boolean skip = false;
    for (String line : tiny.lines().toList()) {
      if (!line.startsWith(" ")) {
        skip = !section.isEmpty() && line.startsWith(section + ":");
      }
      if (!skip) {
        yaml.append(line).append('\n');
      }
    }
    Files.writeString(file, yaml.append(changes));
    return file.toString();
  }

  private static ProcessHandle process(String name) throws Exception {
    String line = Files.readString(folder.resolve("home/processes/" + name + ".pid"));
    return ProcessHandle.of(Long.parseLong(line.split(" ")[0])).orElseThrow();
  }

  private static List<ProcessHandle> processes() throws Exception {
    List<ProcessHandle> processes = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder.resolve("home/processes"))) {
      for (Path file : files.toList()) {
        long pid = Long.parseLong(Files.readString(file).split(" ")[0]);
        ProcessHandle.of(pid).ifPresent(processes::add);
      }
    }
    return processes;
  }

  private static void await(BooleanSupplierThatThrows condition) throws Exception {
    long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(1);
    while (!condition.holds()) {
      assertThat(System.nanoTime()).as("waited a minute").isLessThan(deadline);
      Thread.sleep(200);
    }
  }

  private interface BooleanSupplierThatThrows {
    boolean holds() throws Exception;
  }

  private static Launched launch(String... arguments) throws Exception {
    Launched launched = launchWithoutWaiting(arguments);
    launched.exitCode();
    return launched;
  }

  private static Launched launchWithoutWaiting(String... arguments) throws Exception {
    List<String> command =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-XX:TieredStopAtLevel=1",
                "-Dquartet.installation=" + INSTALLATION,
                "-cp",
                System.getProperty("java.class.path"),
                "io.quartet.cli.Quartet"));
    command.addAll(List.of(arguments));
    command.add("--home=" + folder.resolve("home"));
    command.add("--runs=" + folder.resolve("runs"));
    Path output = Files.createTempFile(folder, "output", ".txt");
    Process process =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    return new Launched(process, output);
  }

  private record Launched(Process process, Path file) {
    int exitCode() throws Exception {
      if (!process.waitFor(4, TimeUnit.MINUTES)) {
        process.destroy();
        throw new AssertionError("not ended after four minutes: " + output());
      }
      return process.exitValue();
    }

    String output() throws Exception {
      return Files.readString(file, StandardCharsets.UTF_8);
    }

    void awaitOutput(String text) throws Exception {
      await(
          () -> {
            assertThat(process.isAlive() || output().contains(text)).as(output()).isTrue();
            return output().contains(text);
          });
    }
  }
}
