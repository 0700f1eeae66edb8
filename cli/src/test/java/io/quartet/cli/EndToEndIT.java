package io.quartet.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quartet.cli.TestStack.Launched;
import io.quartet.v1.Message;
import io.quartet.v1.Messages;
import io.quartet.v1.RewardServiceGrpc;
import io.quartet.v1.Role;
import io.quartet.v1.ScoreRequest;
import io.quartet.v1.ScoreResponse;
import io.quartet.v1.ScoreServiceGrpc;
import io.quartet.v1.ScoredSequence;
import io.quartet.v1.Stage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The command, the broker, the five services and two rollout workers, all as processes. */
class EndToEndIT {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern STEP = Pattern.compile("\"step\":\"(\\d+)\"");

  @TempDir private static Path folder;
  private static TestStack stack;
  private static @Nullable Story story;

  @BeforeAll
  static void up() throws Exception {
    stack = TestStack.start(folder, 2);
  }

  @AfterAll
  static void down() throws Exception {
    if (stack == null) {
      return; // it did not start
    }
    List<ProcessHandle> processes = stack.processes();
    stack.close();
    assertThat(processes).hasSizeGreaterThan(6).noneMatch(ProcessHandle::isAlive);
    assertThat(folder.resolve("home/processes")).isEmptyDirectory();
  }

  @Test
  void aRunTellsItsWholeStoryThoughARolloutWorkerIsKilled() throws Exception {
    Launched run = story().run();

    Path story = folder.resolve("runs/story");
    assertThat(run.output()).contains("Report: " + story.resolve("report.html"));
    assertThat(Files.readString(story.resolve("report.html")))
        .contains("all four stages completed");
    assertStory(JSON.readTree(story.resolve("report.json").toFile()));

    assertThat(story().status())
        .containsPattern("rl-rollout +ended")
        .containsPattern("rl-rollout-2 +ready")
        .contains("run story: completed");
    assertThat(stack.launch("checkpoints").output())
        .contains("base/story/150", "sft/story/60", "reward/story/", "rl/story/6");
    for (String model : List.of("base", "sft", "rl", "rl/story/6")) {
      Launched chat = stack.launch("chat", "--model=" + model, "-m", "what does time mean?");
      assertThat(chat.exitCode()).as(chat.output()).isZero();
      assertThat(chat.output()).isNotBlank();
    }
    Launched unknown = stack.launch("chat", "--model=nope", "-m", "hi");
    assertThat(unknown.exitCode()).isEqualTo(1);
    assertThat(unknown.output()).startsWith("quartet: ").contains("'nope'").hasLineCount(1);
  }

  @Test
  void aConversationGoesFromModelToModel() throws Exception {
    story();
    Launched talk = stack.launchWithoutWaiting("chat", "--model=sft", "--max-tokens=16");
    try (var typed = talk.process().outputWriter(UTF_8)) {
      typed.write("/model\nwhat does time mean?\n/model base\ntime is\n/nope\n/model rl\n");
    }

    assertThat(talk.exitCode()).as(talk.output()).isZero();
    assertThat(talk.output())
        .contains("sft   sft/story/60", "/nope: no such command")
        .containsPattern("sft/story/60 · \\d+ tokens")
        .containsPattern("base/story/150 · \\d+ tokens");
  }

  @Test
  void theGatewayHasTheRewardServicesOwnRewards() throws Exception {
    story();
    ScoreRequest.Builder request =
        ScoreRequest.newBuilder()
            .addSequences(answer("it means a clock."))
            .addSequences(answer("!"));
    ScoreResponse asked =
        TestStack.call(
            stack.gateway(),
            channel -> ScoreServiceGrpc.newBlockingStub(channel).rewards(request.build()));
    ScoreResponse own =
        TestStack.call(
            stack.rewardService(),
            channel ->
                RewardServiceGrpc.newBlockingStub(channel)
                    .score(request.setRewardId(asked.getRewardId()).build()));

    assertThat(asked.getRewardId()).startsWith("reward/");
    assertThat(asked.getRewardsList()).hasSize(2).allMatch(Float::isFinite);
    assertThat(asked).isEqualTo(own);
  }

  private static ScoredSequence answer(String text) {
    return ScoredSequence.newBuilder()
        .setMessages(
            Messages.newBuilder()
                .addMessages(
                    Message.newBuilder().setRole(Role.ROLE_USER).setContent("what does time mean?"))
                .addMessages(Message.newBuilder().setRole(Role.ROLE_ASSISTANT).setContent(text)))
        .build();
  }

  /** A run that completed, and what the status was right then. */
  private record Story(Launched run, String status) {}

  /** A run in which one of two rollout workers is killed; the first who asks waits for it. */
  private static Story story() throws Exception {
    if (story == null) {
      Launched run = stack.launchWithoutWaiting("run", stack.recipe("tiny", ""), "--run=story");
      run.awaitOutput("rl      1/6");
      stack.process("rl-rollout").destroyForcibly();
      assertThat(run.exitCode()).as(run.output()).isZero();
      story = new Story(run, stack.launch("status").output());
    }
    return story;
  }

  private static void assertStory(JsonNode json) {
    assertThat(json.path("run").textValue()).isEqualTo("story");
    assertThat(json.path("seconds").doubleValue()).isPositive();
    for (String stage : List.of("base", "sft", "reward", "rl")) {
      assertThat(json.at("/stages/" + stage + "/seconds").doubleValue()).as(stage).isPositive();
      assertThat(json.at("/stages/" + stage + "/flops").doubleValue()).as(stage).isPositive();
      assertThat(json.at("/stages/" + stage + "/peak_resident_bytes").longValue())
          .as(stage)
          .isBetween(100_000_000L, 2_500_000_000L);
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

  @Test
  void aRunWhoseStagesAreAllKilledEndsWithTheWeightsOfAnUninterruptedOne() throws Exception {
    story();

    Launched run = stack.launchWithoutWaiting("run", stack.recipe("tiny", ""), "--run=killed");
    Map<Stage, Long> resumed = new EnumMap<>(Stage.class);
    try (KilledRun killed = new KilledRun(stack, "killed")) {
      resumed.put(Stage.STAGE_BASE, killed.killAt(Stage.STAGE_BASE, 45, "base-service"));
      resumed.put(Stage.STAGE_SFT, killed.killAt(Stage.STAGE_SFT, 22, "sft-service"));
      resumed.put(Stage.STAGE_REWARD, killed.killAt(Stage.STAGE_REWARD, 12, "reward-service"));
      resumed.put(Stage.STAGE_RL, killed.killAt(Stage.STAGE_RL, 3, "rl-learner"));
    }

    assertThat(run.exitCode()).as(run.output()).isZero();
    // It went on from its snapshots: trained anew from step 1, it would end the same.
    assertThat(resumed)
        .hasSize(4)
        .allSatisfy((stage, step) -> assertThat(step).as(stage.name()).isGreaterThan(1));
    assertThat(KilledRun.weights(stack, "killed"))
        .hasSize(4)
        .isEqualTo(KilledRun.weights(stack, "story"));
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

    Launched run = stack.launch("run", stack.recipe("broken", changes), "--run=broken");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.output())
        .contains("quartet: run 'broken' failed in its base stage: ", "rows.jsonl:2: ");
    assertThat(Files.readString(folder.resolve("runs/broken/report.html")))
        .contains("failed: ", "rows.jsonl:2: ");
    assertThat(stack.launch("status").output())
        .contains("run broken: failed", "rows.jsonl:2: ")
        .containsPattern("sft +cancelled");
  }

  @Test
  @EnabledOnOs(OS.LINUX) // prlimit
  void aFailedRunIsResumedFromItsLastSnapshot() throws Exception {
    String changes =
        "base: {steps: 400, learning_rate: 0.006, warmup_steps: 10, snapshot_every: 20}\n";
    Path recipe = Path.of(stack.recipe("refused", changes + "stages: [base]\n"));
    ProcessHandle base = stack.process("base-service");
    Launched run = stack.launchWithoutWaiting("run", recipe.toString(), "--run=refused");
    Path events = folder.resolve("runs/refused/events.jsonl");
    TestStack.await(
        () -> {
          assertThat(run.process().isAlive()).as(run.output()).isTrue();
          return Files.exists(events) && step(Files.readAllLines(events)) > 40;
        });
    limitFileSize(base, "65536");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.output()).contains("run 'refused' failed in its base stage: cannot write ");
    limitFileSize(base, "unlimited");
    int before = Files.readAllLines(events).size();

    Launched resumed = stack.launch("resume", "refused");

    assertThat(resumed.exitCode()).as(resumed.output()).isZero();
    List<String> trained =
        Files.readAllLines(events).stream()
            .skip(before)
            .filter(event -> event.contains("\"training\""))
            .toList();
    assertThat(step(trained.subList(0, 1))).isGreaterThan(20);
    assertThat(stack.launch("checkpoints").output()).contains("base/refused/400");
  }

  /** The farthest step that some events tell. */
  private static long step(List<String> events) {
    return events.stream()
        .flatMap(event -> STEP.matcher(event).results())
        .mapToLong(step -> Long.parseLong(step.group(1)))
        .max()
        .orElse(0);
  }

  private static void limitFileSize(ProcessHandle process, String bytes) throws Exception {
    Process limit =
        new ProcessBuilder("prlimit", "--pid=" + process.pid(), "--fsize=" + bytes + ":unlimited")
            .inheritIO()
            .start();
    assertThat(limit.waitFor()).isZero();
  }

  @Test
  void ctrlCCancelsTheRunWhichCanBeResumedAndLeavesTheStack() throws Exception {
    Launched run =
        stack.launchWithoutWaiting(
            "run", stack.recipe("long", "base: {steps: 100000}\n"), "--run=long");
    run.awaitOutput("training");

    interrupt(run);
    Launched resumed = stack.launchWithoutWaiting("resume", "long");

    Path events = folder.resolve("runs/long/events.jsonl");
    TestStack.await(
        () -> {
          assertThat(resumed.process().isAlive()).as(resumed.output()).isTrue();
          return trainsSinceItsSubmission(Files.readAllLines(events));
        });
    assertThat(stack.launch("resume", "long").output())
        .isEqualTo(
            "quartet: run 'long' is under way, expected one that failed, was cancelled or broke"
                + " off\n");
    interrupt(resumed);
    TestStack.await(
        () -> {
          String status = stack.launch("status").output();
          return status.contains("run long: cancelled") && !status.contains("base    1");
        });
    assertThat(stack.launch("status").output()).containsPattern("base-service +ready");
  }

  private static void interrupt(Launched command) throws Exception {
    new ProcessBuilder("kill", "-INT", Long.toString(command.process().pid())).start().waitFor();
    assertThat(command.exitCode()).as(command.output()).isEqualTo(130);
  }

  private static boolean trainsSinceItsSubmission(List<String> events) {
    List<String> since = events;
    for (int i = 0; i < events.size(); i++) {
      if (events.get(i).startsWith("{\"RunSubmitted\"")) {
        since = events.subList(i, events.size());
      }
    }
    return !since.get(0).contains("\"cancelled\":true")
        && since.stream().anyMatch(event -> event.contains("\"training\""));
  }
}
