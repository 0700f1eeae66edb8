package io.quartet.cli.run;

import io.quartet.cli.Console;
import io.quartet.cli.Console.Style;
import io.quartet.v1.Stage;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StageState;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** One stage's progress as one line, for people. */
final class StageLine {
  private static final int BAR = 24;
  private static final int WINDOW = 20;
  private static final String PARTS = " ▏▎▍▌▋▊▉";

  private final Console console;

  StageLine(Console console) {
    this.console = console;
  }

  /** A live line, cut to the console's width. */
  String live(RunView view, Stage stage) {
    List<Span> spans = new ArrayList<>();
    spans.add(new Span(Style.BOLD, "%-7s ".formatted(RunView.label(stage))));
    StageProgress latest = view.latest(stage).orElse(StageProgress.getDefaultInstance());
    switch (latest.getState()) {
      case STAGE_STATE_UNSPECIFIED, STAGE_STATE_PENDING, UNRECOGNIZED ->
          spans.add(new Span(Style.FAINT, waiting(view, stage)));
      case STAGE_STATE_RUNNING -> {
        spans.add(new Span(Style.CYAN, bar(latest)));
        spans.add(new Span(null, "  " + facts(view, latest)));
      }
      case STAGE_STATE_COMPLETED -> {
        spans.add(new Span(Style.GREEN, "done"));
        spans.add(new Span(null, "  " + done(view, latest)));
      }
      case STAGE_STATE_FAILED -> spans.add(new Span(Style.RED, "failed: " + cause(latest)));
      case STAGE_STATE_CANCELLED -> spans.add(new Span(Style.FAINT, "cancelled"));
    }
    return render(spans);
  }

  /** The same without a bar, for an output that is kept. */
  String plain(RunView view, Stage stage) {
    StageProgress latest = view.latest(stage).orElse(StageProgress.getDefaultInstance());
    String text =
        switch (latest.getState()) {
          case STAGE_STATE_UNSPECIFIED, STAGE_STATE_PENDING, UNRECOGNIZED -> waiting(view, stage);
          case STAGE_STATE_RUNNING -> facts(view, latest);
          case STAGE_STATE_COMPLETED -> "done  " + done(view, latest);
          case STAGE_STATE_FAILED -> "failed: " + cause(latest);
          case STAGE_STATE_CANCELLED -> "cancelled";
        };
    return "%-7s %s".formatted(RunView.label(stage), text).stripTrailing();
  }

  private static String waiting(RunView view, Stage stage) {
    int index = view.stages().indexOf(stage);
    if (index <= 0
        || view.state(view.stages().get(index - 1)) == StageState.STAGE_STATE_COMPLETED) {
      return "starting";
    }
    return "waits for " + RunView.label(view.stages().get(index - 1));
  }

  private static String cause(StageProgress progress) {
    return progress.hasFailure() ? progress.getFailure().getMessage() : "no cause given";
  }

  private static String bar(StageProgress progress) {
    int eighths = (int) Math.round(share(progress) * BAR * 8);
    String full = "█".repeat(eighths / 8);
    String part = eighths % 8 == 0 ? "" : PARTS.substring(eighths % 8, eighths % 8 + 1);
    return (full + part + "░".repeat(BAR)).substring(0, BAR);
  }

  private static double share(StageProgress progress) {
    return progress.getTotalSteps() <= 0
        ? 0
        : Math.min(1, (double) progress.getStep() / progress.getTotalSteps());
  }

  private static String facts(RunView view, StageProgress latest) {
    List<String> facts = new ArrayList<>();
    if (latest.getTotalSteps() > 0) {
      facts.add("%d/%d".formatted(latest.getStep(), latest.getTotalSteps()));
    }
    if (!latest.getPhase().isEmpty()) {
      facts.add(latest.getPhase());
    }
    facts.addAll(metrics(latest));
    remaining(view.history(latest.getStage())).ifPresent(d -> facts.add("eta " + clock(d)));
    return String.join("  ", facts);
  }

  private static String done(RunView view, StageProgress latest) {
    List<String> facts = new ArrayList<>();
    facts.add(clock(view.elapsed(latest.getStage())));
    facts.addAll(metrics(latest));
    facts.add(latest.getCheckpointId());
    return String.join("  ", facts);
  }

  private static List<String> metrics(StageProgress latest) {
    List<String> facts = new ArrayList<>();
    Map<String, Double> metrics = latest.getMetricsMap();
    // What a stage is after: rewards in RL, ranked pairs for the reward model, else the loss.
    for (String name : List.of("reward", "accuracy", "loss")) {
      Double value = metrics.get(name);
      if (value != null) {
        facts.add("%s %s".formatted(name, String.format(Locale.ROOT, "%.3f", value)));
        break;
      }
    }
    Double speed = metrics.get("tokens_per_second");
    if (speed != null) {
      facts.add(tokens(speed) + " tok/s");
    }
    return facts;
  }

  private static String tokens(double value) {
    return value < 10_000
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.1fk", value / 1000);
  }

  /**
   * Time to the last step at the pace of the last few updates; none before there are two after a
   * beginning, and none once the last step is done.
   */
  static Optional<Duration> remaining(List<StageProgress> history) {
    if (history.isEmpty()) {
      return Optional.empty();
    }
    int last = history.size() - 1;
    StageProgress newest = history.get(last);
    int first = last;
    while (first > 0 && goesOn(history.get(first - 1), history.get(first))) {
      first--;
    }
    // Up to its first update a process loads, compiles and warms up, so its pace says nothing.
    StageProgress oldest = history.get(Math.min(last, Math.max(first + 1, last - WINDOW)));
    long steps = newest.getStep() - oldest.getStep();
    if (steps <= 0 || newest.getStep() == newest.getTotalSteps()) {
      return Optional.empty();
    }
    Instant from = RunView.instant(oldest.getUpdated());
    Duration taken = Duration.between(from, RunView.instant(newest.getUpdated()));
    long left = newest.getTotalSteps() - newest.getStep();
    return Optional.of(Duration.ofMillis(taken.toMillis() * left / steps));
  }

  /** Whether an update is of the same phase, which counts its own steps, and the same attempt. */
  private static boolean goesOn(StageProgress earlier, StageProgress later) {
    return earlier.getTotalSteps() == later.getTotalSteps() && earlier.getStep() <= later.getStep();
  }

  static String clock(Duration duration) {
    long seconds = Math.round(duration.toMillis() / 1000.0);
    return seconds < 3600
        ? "%d:%02d".formatted(seconds / 60, seconds % 60)
        : "%d:%02d:%02d".formatted(seconds / 3600, seconds / 60 % 60, seconds % 60);
  }

  private record Span(@org.jspecify.annotations.Nullable Style style, String text) {}

  private String render(List<Span> spans) {
    int width = console.width() - 1;
    boolean cut = spans.stream().mapToInt(span -> span.text().length()).sum() > width;
    StringBuilder line = new StringBuilder();
    int room = cut ? Math.max(0, width - 1) : width;
    for (Span span : spans) {
      String text = span.text().substring(0, Math.min(room, span.text().length()));
      room -= text.length();
      line.append(span.style() == null ? text : console.styled(span.style(), text));
    }
    return cut && width > 0 ? line + "…" : line.toString();
  }
}
