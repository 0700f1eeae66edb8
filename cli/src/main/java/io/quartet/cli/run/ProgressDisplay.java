package io.quartet.cli.run;

import static java.util.stream.Collectors.joining;

import io.quartet.cli.Console;
import io.quartet.v1.Stage;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StageState;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Draws a run: one line a stage, redrawn in place on a terminal. Elsewhere a line for each new
 * state and phase of a stage, and one every ten seconds.
 */
public final class ProgressDisplay {
  private static final Duration REDRAW = Duration.ofMillis(200);
  private static final Duration REPEAT = Duration.ofSeconds(10);
  private static final String NO_WRAP = "\u001b[?7l";
  private static final String WRAP = "\u001b[?7h";

  private final Console console;
  private final LongSupplier nanoTime;
  private final StageLine lines;
  private final Set<String> said = new HashSet<>();
  private final Map<Stage, String> last = new EnumMap<>(Stage.class);
  private final Map<Stage, Long> saidAt = new EnumMap<>(Stage.class);
  private int drawn;
  private boolean left;
  private long drawnAt = Long.MIN_VALUE;

  /**
   * A display that has not drawn yet.
   *
   * @param nanoTime the clock, as {@link System#nanoTime}
   */
  public ProgressDisplay(Console console, LongSupplier nanoTime) {
    this.console = console;
    this.nanoTime = nanoTime;
    this.lines = new StageLine(console);
  }

  /** Shows where the run is now. */
  public synchronized void show(RunView view) {
    if (left) {
      return;
    }
    if (console.live()) {
      long now = nanoTime.getAsLong();
      if (drawnAt == Long.MIN_VALUE || now - drawnAt >= REDRAW.toNanos()) {
        drawnAt = now;
        draw(view);
      }
    } else {
      view.stages().forEach(s -> say(view, s));
    }
  }

  /** Shows the run's end, whenever the last drawing was. */
  public synchronized void finish(RunView view) {
    if (left) {
      return;
    }
    if (console.live()) {
      draw(view);
      drawn = 0;
    } else {
      view.stages().forEach(s -> say(view, s));
    }
  }

  /** Writes a line above the bars. */
  public synchronized void notice(String text) {
    erase();
    console.line(text);
  }

  /** Leaves the lines as they stand, and shows nothing more of the run. */
  public synchronized void leave() {
    left = true;
    drawn = 0;
  }

  private void draw(RunView view) {
    erase();
    // In a terminal that was made narrower, a wrapped line would be two to erase.
    console.line(
        view.stages().stream().map(s -> lines.live(view, s)).collect(joining("\n", NO_WRAP, WRAP)));
    drawn = view.stages().size();
  }

  private void erase() {
    if (drawn > 0) {
      // Up to the first bar, then everything below it away.
      console.out().print("\u001b[" + drawn + "A\r\u001b[J");
      drawn = 0;
    }
  }

  private void say(RunView view, Stage stage) {
    StageProgress latest = view.latest(stage).orElse(StageProgress.getDefaultInstance());
    if (latest.getState() == StageState.STAGE_STATE_UNSPECIFIED) {
      return;
    }
    // RL goes to and fro between two phases: the first time of each is news.
    boolean news = said.add(stage + " " + latest.getState() + " " + latest.getPhase());
    long now = nanoTime.getAsLong();
    boolean due =
        latest.getState() == StageState.STAGE_STATE_RUNNING
            && now - saidAt.getOrDefault(stage, now) >= REPEAT.toNanos();
    if (news || due) {
      saidAt.put(stage, now);
      String line = lines.plain(view, stage);
      if (!line.equals(last.put(stage, line))) {
        console.line(line);
      }
    }
  }
}
