package io.quartet.cli;

import io.quartet.cli.report.Report;
import io.quartet.cli.run.RunFolder;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "report",
    description = "Write a run's report.json and report.html from its kept events.",
    mixinStandardHelpOptions = true)
final class ReportCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", description = "Name of the run.")
  private String run = "";

  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();

  private final Console console;

  ReportCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    RunFolder folder = RunFolder.open(where.workspace().run(run));
    Report.of(folder.view()).write(folder);
    console.line(folder.file(Report.HTML).toString());
    return 0;
  }
}
