package io.quartet.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "resume",
    description =
        "Take up a run that failed, was cancelled or broke off: its stages go on from their last snapshots.",
    mixinStandardHelpOptions = true)
final class ResumeCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RUN", description = "The run's name; see quartet status.")
  private String run = "";

  @Option(names = "--keep", description = "Leave a stack that this command starts up.")
  private boolean keep;

  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();
  @Mixin private final StackOptions options = new StackOptions();

  private final Console console;

  ResumeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws InterruptedException {
    new RunSession(console, where.workspace(), options, keep).resume(run, (stack, view) -> {});
    return 0;
  }
}
