package io.quartet.cli.run;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Message;
import io.quartet.cli.Console;
import io.quartet.cli.report.PlausibleRun;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunBoardTest {
  @Test
  void aRunOfAllStagesShowsThem() {
    assertThat(lines(PlausibleRun.events()))
        .startsWith("", "run default-1: completed")
        .hasSize(6)
        .anyMatch(line -> line.startsWith("  rl      done"));
  }

  @Test
  void aRunOfTheFirstStagesSaysSoAndShowsNoOthers() {
    assertThat(lines(PlausibleRun.eventsOf("stages: [base, sft]")))
        .startsWith("", "run default-1: completed (base, sft only)")
        .hasSize(4)
        .noneMatch(line -> line.contains("reward") || line.contains("rl "));
  }

  private static List<String> lines(List<Message> events) {
    var bytes = new ByteArrayOutputStream();
    var out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
    new RunBoard(new Console(out, false, false, 120)).show(events);
    return bytes.toString(StandardCharsets.UTF_8).lines().toList();
  }
}
