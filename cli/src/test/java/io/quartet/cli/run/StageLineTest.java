package io.quartet.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.quartet.cli.Console;
import io.quartet.cli.report.PlausibleRun;
import io.quartet.v1.Stage;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StageState;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class StageLineTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);

  @Test
  void aRunningStageShowsStepPhaseLossSpeedAndTimeToGo() {
    RunView view = viewAfter(400);

    assertThat(new StageLine(console(false, 120)).live(view, Stage.STAGE_BASE))
        .matches(
            "base    █+[▏▎▍▌▋▊▉]?░+  399/683  training  loss \\d\\.\\d{3}  \\d{4} tok/s  eta 0:4\\d");
  }

  @Test
  void aStageThatHasNotBegunSaysWhatItWaitsFor() {
    RunView view = viewAfter(400);

    assertThat(new StageLine(console(false, 120)).live(view, Stage.STAGE_SFT))
        .isEqualTo("sft     waits for base");
  }

  @Test
  void aCompletedStageShowsItsTimeAndItsCheckpoint() {
    assertThat(new StageLine(console(false, 120)).plain(PlausibleRun.view(), Stage.STAGE_RL))
        .isEqualTo("rl      done  1:57  rl/default-1/60");
  }

  @Test
  void aCompletedStagesCheckpointFitsIntoEightyColumns() {
    assertThat(new StageLine(console(false, 80)).live(PlausibleRun.view(), Stage.STAGE_RL))
        .isEqualTo("rl      done  1:57  rl/default-1/60");
    RunView view = new RunView("tinyshakespeare-10");
    view.add(
        at(0, progress(3000, 3000)).toBuilder()
            .setRun(view.run())
            .putMetrics("loss", 1.234)
            .putMetrics("tokens_per_second", 123456)
            .setState(StageState.STAGE_STATE_COMPLETED)
            .setCheckpointId("base/tinyshakespeare-10/3000")
            .build());
    assertThat(new StageLine(console(false, 80)).live(view, Stage.STAGE_BASE))
        .isEqualTo("base    done  0:00  loss 1.234  123.5k tok/s  base/tinyshakespeare-10/3000");
  }

  @Test
  void aFailedStageShowsItsCause() {
    RunView view = new RunView("r");
    StageProgress.Builder failed = progress(3, 10).setState(StageState.STAGE_STATE_FAILED);
    failed.getFailureBuilder().setMessage("no space left");
    view.add(failed.build());

    assertThat(new StageLine(console(false, 120)).live(view, Stage.STAGE_BASE))
        .isEqualTo("base    failed: no space left");
  }

  @Test
  void aLineIsNeverWiderThanTheTerminalAndShowsThatItWasCut() {
    for (int width : new int[] {40, 30, 20}) {
      assertThat(new StageLine(console(false, width)).live(viewAfter(400), Stage.STAGE_BASE))
          .hasSize(width - 1)
          .endsWith("…");
    }
    assertThat(new StageLine(console(false, 1)).live(viewAfter(400), Stage.STAGE_BASE)).isEmpty();
  }

  @Test
  void timeToGoFollowsThePaceOfTheLastUpdatesWithTheSameTotal() {
    List<StageProgress> history =
        List.of(
            at(0, progress(50, 60)), // another phase
            at(100, progress(0, 10)),
            at(104, progress(2, 10)),
            at(108, progress(4, 10)));

    assertThat(StageLine.remaining(history)).hasValueSatisfying(d -> assertThat(d).hasSeconds(12));
  }

  @Test
  void aBeginningSaysNothingOfTheTimeToGo() {
    List<StageProgress> history =
        List.of(at(0, progress(50, 60)), at(100, progress(0, 10)), at(140, progress(1, 10)));

    assertThat(StageLine.remaining(history)).isEmpty();
  }

  @Test
  void timeToGoLeavesOutTheFirstUpdateAfterAResume() {
    List<StageProgress> history =
        List.of(
            at(0, progress(6, 10)),
            at(100, progress(4, 10)),
            at(140, progress(5, 10)),
            at(142, progress(6, 10)));

    assertThat(StageLine.remaining(history)).hasValueSatisfying(d -> assertThat(d).hasSeconds(8));
  }

  @Test
  void aTerminalSeesFourLinesRedrawnInPlace() {
    var display = new ProgressDisplay(console(true, 100), new AtomicLong(0)::get);
    RunView view = viewAfter(10);

    display.show(view);
    display.finish(view);

    String text = bytes.toString(StandardCharsets.UTF_8);
    assertThat(text.split("\u001b\\[4A\r\u001b\\[J", -1)).hasSize(2);
    assertThat(text.split("\n")).hasSize(8);
    assertThat(text.split("\u001b\\[\\?7l|\u001b\\[\\?7h\n"))
        .as("a terminal that is narrower than thought cuts each line")
        .hasSize(4);
  }

  @Test
  void whatIsToldOfAnInterruptionStaysBelowTheLines() {
    var display = new ProgressDisplay(console(true, 100), new AtomicLong(0)::get);
    RunView view = viewAfter(10);
    display.show(view);
    int shown = bytes.size();

    display.leave();
    display.show(view);
    display.finish(view);

    assertThat(bytes.size()).isEqualTo(shown);
  }

  @Test
  void anOutputThatIsKeptSeesALineAPhaseAndOneEveryTenSeconds() {
    AtomicLong clock = new AtomicLong();
    var display = new ProgressDisplay(console(false, 100), clock::get);
    RunView view = viewAfter(10);

    display.show(view);
    display.show(view);
    clock.addAndGet(11_000_000_000L);
    PlausibleRun.events().subList(10, 30).forEach(view::add);
    display.show(view);

    assertThat(bytes.toString(StandardCharsets.UTF_8).lines()).hasSize(2);
  }

  private Console console(boolean live, int width) {
    return new Console(out, live, false, width);
  }

  private static RunView viewAfter(int events) {
    RunView view = new RunView(PlausibleRun.NAME);
    PlausibleRun.events().stream().limit(events).forEach((Message e) -> view.add(e));
    return view;
  }

  private static StageProgress.Builder progress(long step, long of) {
    return StageProgress.newBuilder()
        .setRun("r")
        .setStage(Stage.STAGE_BASE)
        .setState(StageState.STAGE_STATE_RUNNING)
        .setStep(step)
        .setTotalSteps(of);
  }

  private static StageProgress at(long seconds, StageProgress.Builder progress) {
    return progress.setUpdated(Timestamp.newBuilder().setSeconds(seconds)).build();
  }
}
