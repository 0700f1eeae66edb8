package io.quartet.cli.run;

import static java.util.stream.Collectors.joining;

import com.google.protobuf.Message;
import io.quartet.cli.Console;
import io.quartet.v1.StageState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Every run with its stages, for {@code status}. */
public final class RunBoard {
  private final Console console;
  private final StageLine lines;

  /** A board on a console. */
  public RunBoard(Console console) {
    this.console = console;
    this.lines = new StageLine(console);
  }

  /** Shows the runs that events tell of, the oldest first. */
  public void show(List<Message> events) {
    Map<String, RunView> runs = new LinkedHashMap<>();
    events.forEach(e -> runs.computeIfAbsent(RunEvents.run(e), RunView::new).add(e));
    console.line("");
    if (runs.isEmpty()) {
      console.line("No run was submitted yet.");
    }
    for (RunView run : runs.values()) {
      console.line("run %s: %s%s".formatted(run.run(), state(run), stages(run)));
      run.stages().stream()
          .filter(s -> run.state(s) != StageState.STAGE_STATE_UNSPECIFIED)
          .forEach(s -> console.line("  " + lines.plain(run, s)));
    }
  }

  /** Said only of a run that has not all of them. */
  private static String stages(RunView run) {
    return run.stages().size() == RunView.STAGES.size()
        ? ""
        : run.stages().stream().map(RunView::label).collect(joining(", ", " (", " only)"));
  }

  private static String state(RunView run) {
    if (run.completed()) {
      return "completed";
    }
    if (run.failure().isPresent()) {
      return "failed";
    }
    return run.cancelled() ? "cancelled" : "running";
  }
}
