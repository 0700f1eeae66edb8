package io.quartet.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.quartet.cli.report.PlausibleRun;
import io.quartet.cli.run.RunChannel;
import io.quartet.cli.run.RunFolder;
import io.quartet.v1.RunSubmitted;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Which runs are taken up again, as their folders tell; none of them gets a stack. */
class ResumeTest extends CommandFixture {
  @Test
  void onlyARunThatDidNotCompleteIsResumed() {
    kept(PlausibleRun.events());

    assertFails(
        "run '%s' has completed, expected one that failed, was cancelled or broke off"
            .formatted(PlausibleRun.NAME),
        "resume",
        PlausibleRun.NAME);
    assertFails(
        "no run 'none' in %s; there are: [%s]".formatted(folder.resolve("runs"), PlausibleRun.NAME),
        "resume",
        "none");
  }

  @Test
  void aRunThatCtrlCCancelledIsResumedThoughItsStagesNeverSaidSo() {
    kept(List.of(PlausibleRun.events().get(0), PlausibleRun.events().get(1), cancelled()));

    assertThat(resumeOfTheUnbuilt()).contains("base-service is not built");
  }

  @Test
  void aRunWhoseCommandWasKilledIsResumedWhenNoStackWorksOnIt() {
    kept(PlausibleRun.events().subList(0, 100));

    assertThat(resumeOfTheUnbuilt()).contains("base-service is not built");
  }

  @Test
  void aRunThatWasKilledBeforeItsFirstEventIsResumedToo() {
    kept(List.of());

    assertThat(resumeOfTheUnbuilt()).contains("base-service is not built");
  }

  private static Message cancelled() {
    return RunChannel.cancelled((RunSubmitted) PlausibleRun.events().get(0));
  }

  private void kept(List<Message> events) {
    RunFolder.create(
            Workspace.create(folder.resolve("runs")).resolve(PlausibleRun.NAME), "name: x\n")
        .append(events);
  }

  private String resumeOfTheUnbuilt() {
    System.setProperty("quartet.installation", folder.toString());
    try {
      assertThat(run("resume", PlausibleRun.NAME)).isEqualTo(1);
    } finally {
      System.clearProperty("quartet.installation");
    }
    return err.toString();
  }
}
