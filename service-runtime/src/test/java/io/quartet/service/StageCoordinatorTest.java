package io.quartet.service;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.checkpoint.TinyCheckpoints;
import io.quartet.recipe.Recipe;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole services but for their framework, over a real broker and real gRPC. */
class StageCoordinatorTest {
  private static final String RECIPE = Recipe.committedYaml("tiny");
  private static final Set<Stage> NOTHING = Set.of();
  private static final Set<Stage> BASE = Set.of(Stage.BASE);
  private static EmbeddedBroker broker;

  private static final Set<String> SUBMITTED = ConcurrentHashMap.newKeySet();

  @TempDir Path folder;

  /** The next test's services read these runs too, and their checkpoints are gone. */
  @AfterEach
  void callOffWhatWasSubmitted() throws Exception {
    try (var events = new Events(broker.bootstrap(), (short) 1)) {
      for (String run : Set.copyOf(SUBMITTED)) {
        var cancelled = submission(run).toBuilder().setCancelled(true).build();
        events.publish(Topic.RUNS, cancelled).get(10, SECONDS);
      }
    }
    SUBMITTED.clear();
  }

  @BeforeAll
  static void startBroker() {
    broker = EmbeddedBroker.open();
  }

  @AfterAll
  static void stopBroker() {
    broker.close();
  }

  @Test
  void aStageStartsWhenItsInputIsAnnouncedAndFetchesIt() throws Exception {
    var base = new CountingStage(Stage.BASE, NOTHING, 5);
    try (var baseService = service(base, "base");
        var sftService = service(new CountingStage(Stage.SFT, BASE, 10), "sft")) {
      submit(baseService, "flow");
      assertThat(sftService.await("flow", "pending").getRun()).isEqualTo("flow");
      baseService.await("flow", "running");
      base.permits.release(5);

      StageProgress end = sftService.await("flow", "completed");

      assertThat(end.getCheckpointId()).isEqualTo("sft/flow/10");
      assertThat(sftService.store().get(new CheckpointId(Stage.BASE, "flow", 10)).digest())
          .isEqualTo(baseService.store().get(new CheckpointId(Stage.BASE, "flow", 10)).digest());
      Map<String, CheckpointPublished> announced = announcements(baseService.events());
      await().until(() -> announced.containsKey("sft/flow/10"));
      assertThat(announced).containsKey("base/flow/10");
    }
  }

  @Test
  void aRunThatDoesNotNameTheStageIsNoneOfItsBusiness() throws Exception {
    String onlyBase = RECIPE + "\nstages: [base]\n";
    var sft = new CountingStage(Stage.SFT, BASE, 10);
    try (var baseService = service(new CountingStage(Stage.BASE, NOTHING, 20), "base");
        var sftService = service(sft, "sft")) {
      for (String run : new String[] {"pretraining", "both"}) {
        SUBMITTED.add(run);
        var submission = submission(run);
        baseService
            .events()
            .publish(
                Topic.RUNS,
                run.equals("both")
                    ? submission
                    : submission.toBuilder().setRecipeYaml(onlyBase).build())
            .get(10, SECONDS);
      }

      baseService.await("pretraining", "completed");
      sftService.await("both", "completed"); // submitted after the other

      assertThatThrownBy(() -> sftService.coordinator().run("pretraining"))
          .hasMessage("run 'pretraining' is unknown to the sft service");
      assertThatThrownBy(() -> sftService.coordinator().start("by-hand", onlyBase))
          .hasMessage("run 'by-hand': its recipe's stages are [base], expected sft among them");
    }
  }

  @Test
  void aFailedStageTellsItsCauseAndNothingDownstreamStarts() throws Exception {
    var base = new CountingStage(Stage.BASE, NOTHING, 10);
    base.failsAt = 3;
    try (var baseService = service(base, "base");
        var sftService = service(new CountingStage(Stage.SFT, BASE, 10), "sft")) {
      submit(baseService, "bad");

      StageProgress end = baseService.await("bad", "failed");

      assertThat(end.getFailure().getCode()).isEqualTo("INVALID_ARGUMENT");
      assertThat(end.getFailure().getMessage()).isEqualTo("words.jsonl:3: no text");
      await()
          .atMost(10, SECONDS)
          .untilAsserted(
              () ->
                  assertThat(sftService.await("bad", "pending").getPhase())
                      .isEqualTo("not started: base failed"));

      base.failsAt = -1;
      submit(baseService, "bad");
      base.permits.release(10);

      sftService.await("bad", "completed");
      assertThat(base.steps).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    }
  }

  @Test
  void aCancelledRunIsCancelledInEveryService() throws Exception {
    try (var baseService = service(new CountingStage(Stage.BASE, NOTHING, 1), "base");
        var sftService = service(new CountingStage(Stage.SFT, BASE, 10), "sft")) {
      submit(baseService, "off");
      baseService.await("off", "running");
      sftService.await("off", "pending");

      baseService
          .events()
          .publish(Topic.RUNS, submission("off").toBuilder().setCancelled(true).build());

      baseService.await("off", "cancelled");
      sftService.await("off", "cancelled");
    }
  }

  @Test
  void aRestartedServiceContinuesFromItsSnapshot() throws Exception {
    var first = new CountingStage(Stage.BASE, NOTHING, 4);
    try (var service = service(first, "base")) {
      submit(service, "again");
      await().until(() -> first.steps.size() == 4);
    }
    var second = new CountingStage(Stage.BASE, NOTHING, 100);
    try (var service = service(second, "base")) {
      service.await("again", "completed");
    }
    assertThat(first.steps).containsExactly(1, 2, 3, 4);
    assertThat(second.steps).containsExactly(5, 6, 7, 8, 9, 10);

    var third = new CountingStage(Stage.BASE, NOTHING, 100);
    try (var service = service(third, "base")) {
      service.await("again", "completed");
    }
    assertThat(third.steps).isEmpty();
  }

  @Test
  void aRestartedServiceStillKnowsWhichServiceItsInputIsFrom() throws Exception {
    var base = new CountingStage(Stage.BASE, NOTHING, 100);
    var first = new CountingStage(Stage.SFT, BASE, 4);
    var second = new CountingStage(Stage.SFT, BASE, 100);
    try (var baseService = service(base, "base")) {
      try (var sftService = service(first, "sft")) {
        submit(baseService, "from");
        await().atMost(30, SECONDS).until(() -> first.steps.size() == 4);
      }
      try (var sftService = service(second, "sft")) {
        sftService.await("from", "completed");
      }
    }
    assertThat(second.steps).containsExactly(5, 6, 7, 8, 9, 10);
    assertThat(second.endpoints).hasSize(1).isEqualTo(first.endpoints);
  }

  @Test
  void aFinishedCheckpointThatNobodyHeardOfIsAnnouncedAfterARestart() throws Exception {
    Path home = folder.resolve("base");
    Checkpoint finished =
        TinyCheckpoints.publish(
            new CheckpointStore(home.resolve("checkpoints")),
            new CheckpointId(Stage.BASE, "silent", 10),
            1);
    StageProgress pending = StageTransitions.pending(Stage.BASE, "silent", Instant.now());
    new StageJournal(home.resolve("journal"), Stage.BASE)
        .write(
            new StageJournal.Entry(
                submission("silent"),
                StageTransitions.next(
                    StageTransitions.next(
                        pending, new StageEvent.Started("starting"), Instant.now()),
                    new StageEvent.Completed(finished.id()),
                    Instant.now())));

    try (var service = service(new CountingStage(Stage.BASE, NOTHING, 0), "base")) {
      Map<String, CheckpointPublished> announced = announcements(service.events());
      await().atMost(10, SECONDS).until(() -> announced.containsKey("base/silent/10"));
      assertThat(announced.get("base/silent/10").getDigest()).isEqualTo(finished.digest());
    }
  }

  @Test
  void aRunStartedByHandNeedsNoSubmission() throws Exception {
    try (var service = service(new CountingStage(Stage.BASE, NOTHING, 10), "base")) {
      service.coordinator().start("by-hand", RECIPE);
      service.await("by-hand", "completed");

      assertThatThrownBy(() -> service.coordinator().start("by-hand", RECIPE))
          .isInstanceOfSatisfying(
              QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.ALREADY_EXISTS))
          .hasMessage("run 'by-hand': its base stage is here already, completed");
    }
  }

  @Test
  void aBadRecipeFailsTheRunWithItsKey() throws Exception {
    try (var service = service(new CountingStage(Stage.BASE, NOTHING, 10), "base")) {
      service
          .events()
          .publish(
              Topic.RUNS,
              submission("typo").toBuilder().setRecipeYaml(RECIPE + "\nbasee: {}\n").build());

      assertThat(service.await("typo", "failed").getFailure().getMessage()).contains("basee");
    }
  }

  private TestService service(CountingStage stage, String home) throws Exception {
    return new TestService(stage, folder.resolve(home), broker.bootstrap());
  }

  private static RunSubmitted submission(String run) {
    SUBMITTED.add(run);
    return RunSubmitted.newBuilder()
        .setRun(run)
        .setRecipeYaml(RECIPE)
        .setSubmitted(StageTransitions.timestamp(Instant.now()))
        .build();
  }

  private static void submit(TestService through, String run) throws Exception {
    through.events().publish(Topic.RUNS, submission(run)).get(10, SECONDS);
  }

  private static Map<String, CheckpointPublished> announcements(Events events) {
    var announced = new ConcurrentHashMap<String, CheckpointPublished>();
    events.follow(Topic.CHECKPOINTS, c -> announced.put(c.getCheckpointId(), c));
    return announced;
  }
}
