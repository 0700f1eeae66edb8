package io.quartet.cli;

import com.google.protobuf.Message;
import io.quartet.cli.report.Report;
import io.quartet.cli.run.RunChannel;
import io.quartet.cli.run.RunFolder;
import io.quartet.cli.run.RunView;
import io.quartet.cli.stack.LocalStack;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

@Command(
    name = "report",
    description = "Write a run's report.json and report.html, as far as it came.",
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
    // The command that followed the run may be gone before its end; the broker knows the rest.
    List<Message> told =
        LocalStack.running(where.workspace())
            .map(stack -> RunChannel.all(stack.ports().bootstrap()))
            .orElse(List.of());
    RunView view = folder.view(told);
    if (view.ended()) {
      folder.catchUp(told); // for later, when the stack is down
    }
    Report.of(view).write(folder);
    console.line(folder.file(Report.HTML).toString());
    return 0;
  }
}
