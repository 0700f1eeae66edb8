package io.quartet.cli.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.report.PlausibleRun;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
  @TempDir private Path runs;

  @Test
  void keptEventsTellTheSameRun() {
    RunFolder folder = RunFolder.create(runs.resolve(PlausibleRun.NAME), "name: default\n");
    folder.append(PlausibleRun.events());

    RunView view = RunFolder.open(folder.path()).view();

    for (var stage : RunView.STAGES) {
      assertThat(view.history(stage)).isEqualTo(PlausibleRun.view().history(stage));
      assertThat(view.result(stage)).isEqualTo(PlausibleRun.view().result(stage));
    }
  }

  @Test
  void whatNobodyKeptIsTakenInOnce() {
    RunFolder folder = RunFolder.create(runs.resolve(PlausibleRun.NAME), "name: default\n");
    folder.append(PlausibleRun.events().subList(0, 30));
    folder.append(PlausibleRun.events().subList(30, 40));

    RunView told = folder.view(PlausibleRun.events());
    assertThat(told.completed()).isTrue();
    assertThat(folder.view().completed()).as("showing it keeps nothing").isFalse();
    folder.catchUp(PlausibleRun.events());

    for (var stage : RunView.STAGES) {
      assertThat(told.history(stage)).isEqualTo(PlausibleRun.view().history(stage));
      assertThat(folder.view().history(stage)).isEqualTo(told.history(stage));
    }
  }

  @Test
  void aRunIsNeverOverwritten() {
    RunFolder.create(runs.resolve("mine"), "name: mine\n");

    assertThatThrownBy(() -> RunFolder.create(runs.resolve("mine"), "name: mine\n"))
        .hasMessage(
            "run 'mine' exists already (%s): choose another name with --run", runs.resolve("mine"))
        .extracting(e -> ((QuartetException) e).code())
        .isEqualTo(ErrorCode.ALREADY_EXISTS);
  }

  @Test
  void anUnknownRunNamesThoseThatThereAre() {
    RunFolder.create(runs.resolve("a"), "");
    RunFolder.create(runs.resolve("b"), "");

    assertThatThrownBy(() -> RunFolder.open(runs.resolve("c")))
        .hasMessage("no run 'c' in %s; there are: [a, b]", runs);
  }

  @Test
  void aDamagedEventNamesItsFileAndLine() throws Exception {
    RunFolder folder = RunFolder.create(runs.resolve("mine"), "");
    folder.append(PlausibleRun.events().subList(0, 2));
    Path file = folder.file("events.jsonl");
    Files.writeString(file, Files.readString(file) + "{\"StageProgress\":{\"step\n");

    assertThatThrownBy(folder::view)
        .hasMessage("%s:3: got '{\"StageProgress\":{\"step…', expected an event", file)
        .extracting(e -> ((QuartetException) e).code())
        .isEqualTo(ErrorCode.DATA_LOSS);
  }
}
