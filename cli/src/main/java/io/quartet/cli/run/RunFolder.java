package io.quartet.cli.run;

import com.google.protobuf.Message;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Workspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A run's folder: {@code recipe.yaml}, {@code events.jsonl}, and later {@code report.json} and
 * {@code report.html}.
 *
 * @param path of the folder
 */
public record RunFolder(Path path) {
  private static final String EVENTS = "events.jsonl";
  private static final String RECIPE = "recipe.yaml";

  /**
   * Makes a new run's folder.
   *
   * @throws QuartetException ALREADY_EXISTS if there is one of this name
   */
  public static RunFolder create(Path path, String recipeYaml) {
    if (Files.exists(path)) {
      throw new QuartetException(
          ErrorCode.ALREADY_EXISTS,
          "run '%s' exists already (%s): choose another name with --run"
              .formatted(path.getFileName(), path));
    }
    Workspace.create(path);
    Workspace.write(path.resolve(RECIPE), recipeYaml);
    Workspace.write(path.resolve(EVENTS), "");
    return new RunFolder(path);
  }

  /**
   * A folder that a run left.
   *
   * @throws QuartetException NOT_FOUND with the runs that there are
   */
  public static RunFolder open(Path path) {
    if (!Files.exists(path.resolve(EVENTS))) {
      throw new QuartetException(
          ErrorCode.NOT_FOUND,
          "no run '%s' in %s; there are: %s"
              .formatted(path.getFileName(), path.getParent(), names(path.getParent())));
    }
    return new RunFolder(path);
  }

  /** The names of the runs in a folder of runs. */
  public static List<String> names(@org.jspecify.annotations.Nullable Path runs) {
    if (runs == null || !Files.isDirectory(runs)) {
      return List.of();
    }
    try (Stream<Path> folders = Files.list(runs)) {
      return folders
          .filter(f -> Files.exists(f.resolve(EVENTS)))
          .map(f -> f.getFileName().toString())
          .sorted()
          .toList();
    } catch (IOException e) {
      throw QuartetException.reading(runs, e);
    }
  }

  /** Where a file of the run is, or will be. */
  public Path file(String name) {
    return path.resolve(name);
  }

  /** The recipe's text. */
  public String recipeYaml() {
    return Workspace.read(file(RECIPE));
  }

  /** Keeps events. */
  public void append(List<Message> events) {
    if (events.isEmpty()) {
      return;
    }
    StringBuilder lines = new StringBuilder();
    events.forEach(e -> lines.append(RunEvents.line(e)));
    try {
      Files.writeString(file(EVENTS), lines, StandardOpenOption.APPEND);
    } catch (IOException e) {
      throw QuartetException.writing(file(EVENTS), e);
    }
  }

  /**
   * The run as its kept events tell it.
   *
   * @throws QuartetException DATA_LOSS with file and line if one cannot be read
   */
  public RunView view() {
    return view(List.of());
  }

  /** The same, and what some events tell of the run beyond those that are kept. */
  public RunView view(List<Message> told) {
    RunView view = new RunView(run());
    List<Message> kept = kept();
    kept.forEach(view::add);
    beyond(kept, told).forEach(view::add);
    return view;
  }

  /** Keeps what some events tell of the run beyond those that are kept. */
  public void catchUp(List<Message> told) {
    append(beyond(kept(), told));
  }

  private List<Message> beyond(List<Message> kept, List<Message> told) {
    Set<Message> known = new HashSet<>(kept);
    return told.stream().filter(e -> RunEvents.run(e).equals(run()) && !known.contains(e)).toList();
  }

  private List<Message> kept() {
    List<Message> events = new ArrayList<>();
    String[] lines = Workspace.read(file(EVENTS)).split("\n");
    for (int i = 0; i < lines.length; i++) {
      if (!lines[i].isBlank()) {
        events.add(RunEvents.parse(lines[i], "%s:%d".formatted(file(EVENTS), i + 1)));
      }
    }
    return events;
  }

  private String run() {
    return String.valueOf(path.getFileName());
  }
}
