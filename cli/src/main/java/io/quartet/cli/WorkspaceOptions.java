package io.quartet.cli;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** Where the data directory is. */
final class WorkspaceOptions {
  @Option(
      names = "--home",
      paramLabel = "DIR",
      description = "Data (default: $$QUARTET_HOME, else .quartet).",
      defaultValue = "${env:QUARTET_HOME:-.quartet}",
      showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
  private Path home = Path.of(".quartet");

  @Option(
      names = "--runs",
      paramLabel = "DIR",
      description = "Folder of the runs' folders (default: $$QUARTET_RUNS, else runs).",
      defaultValue = "${env:QUARTET_RUNS:-runs}",
      showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
  private Path runs = Path.of("runs");

  Workspace workspace() {
    return new Workspace(Path.of(System.getProperty("quartet.installation", ".")), home, runs);
  }
}
