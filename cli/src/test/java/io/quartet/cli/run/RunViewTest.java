package io.quartet.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.Timestamps;
import io.quartet.cli.report.PlausibleRun;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.Stage;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StageState;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunViewTest {

  @Test
  void aRunCompletesWhenEveryStageCompletedAndItsCheckpointWasAnnounced() {
    List<Message> events = PlausibleRun.events();
    RunView view = new RunView(PlausibleRun.NAME);
    events.subList(0, events.size() - 1).forEach(view::add);
    assertThat(view.completed()).isFalse();

    view.add(events.get(events.size() - 1));

    assertThat(view.completed()).isTrue();
    assertThat(view.ended()).isTrue();
    assertThat(view.result(Stage.STAGE_RL))
        .map(CheckpointPublished::getCheckpointId)
        .hasValue("rl/default-1/60");
  }

  @Test
  void aCheckpointAnnouncedAfterItsStageCompletedIsWaitedFor() {
    RunView view = new RunView(PlausibleRun.NAME);
    List<Message> events = PlausibleRun.events();
    Message last = events.get(events.size() - 2);
    events.stream().filter(e -> e != last).forEach(view::add);
    assertThat(view.completed()).isFalse();

    view.add(last);

    assertThat(view.completed()).isTrue();
  }

  @Test
  void aRunOfTheFirstStagesCompletesWithTheLastOfThem() {
    RunView view = new RunView(PlausibleRun.NAME);
    PlausibleRun.eventsOf("stages: [base, sft]").forEach(view::add);

    assertThat(view.stages()).containsExactly(Stage.STAGE_BASE, Stage.STAGE_SFT);
    assertThat(view.completed()).isTrue();
    assertThat(view.ended()).isTrue();
  }

  @Test
  void eventsOfOtherRunsChangeNothing() {
    RunView view = new RunView("other");

    PlausibleRun.events().forEach(view::add);

    assertThat(view.submission()).isEmpty();
    assertThat(view.latest(Stage.STAGE_BASE)).isEmpty();
  }

  @Test
  void aStagesTimeRunsFromItsFirstStepToItsEnd() {
    assertThat(PlausibleRun.view().elapsed(Stage.STAGE_RL)).isEqualTo(Duration.ofSeconds(117));
  }

  @Test
  void aFailureIsTheFirstFailedStages() {
    RunView view = PlausibleRun.view();
    StageProgress.Builder failed =
        StageProgress.newBuilder()
            .setRun(PlausibleRun.NAME)
            .setStage(Stage.STAGE_REWARD)
            .setState(StageState.STAGE_STATE_FAILED);
    failed.getFailureBuilder().setCode("DATA_LOSS").setMessage("model.safetensors: truncated");

    view.add(failed.build());

    assertThat(view.failure())
        .map(p -> p.getFailure().getMessage())
        .hasValue("model.safetensors: truncated");
    assertThat(view.completed()).isFalse();
  }

  @Test
  void submittedAgainWhatFailedIsPendingAndWhatCompletedStays() {
    RunView view = PlausibleRun.view();
    StageProgress sft = view.latest(Stage.STAGE_SFT).orElseThrow();
    view.add(
        sft.toBuilder()
            .setStage(Stage.STAGE_REWARD)
            .setState(StageState.STAGE_STATE_FAILED)
            .build());

    view.add(submission(sft.getUpdated()));
    assertThat(view.failure()).as("failed no earlier than it was submitted").isPresent();
    view.add(submission(Timestamps.add(sft.getUpdated(), Durations.fromSeconds(1))));

    assertThat(view.failure()).isEmpty();
    assertThat(view.state(Stage.STAGE_REWARD)).isEqualTo(StageState.STAGE_STATE_PENDING);
    assertThat(view.state(Stage.STAGE_SFT)).isEqualTo(StageState.STAGE_STATE_COMPLETED);
  }

  @Test
  void aRunIsCancelledBeforeItsStagesSaySoAndNoLongerOnceSubmittedAgain() {
    RunView view = new RunView(PlausibleRun.NAME);
    PlausibleRun.events().subList(0, 10).forEach(view::add);
    RunSubmitted submitted = view.submission().orElseThrow();

    view.add(RunChannel.cancelled(submitted));

    assertThat(view.cancelled()).isTrue();
    assertThat(view.underWay()).as("its stage has not stopped yet").isTrue();
    view.add(submission(Timestamps.add(submitted.getSubmitted(), Durations.fromSeconds(60))));
    assertThat(view.cancelled()).isFalse();
  }

  private static RunSubmitted submission(Timestamp at) {
    return RunSubmitted.newBuilder().setRun(PlausibleRun.NAME).setSubmitted(at).build();
  }
}
