package io.quartet.cli;

import io.quartet.cli.run.RunBoard;
import io.quartet.cli.run.RunChannel;
import io.quartet.cli.stack.LocalStack;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "status",
    description = "Show the stack's processes and every run's stages.",
    mixinStandardHelpOptions = true)
final class StatusCommand implements Callable<Integer> {
  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();

  private final Console console;

  StatusCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Optional<LocalStack> stack = LocalStack.leftOver(where.workspace());
    if (stack.isEmpty()) {
      console.line("No stack is up.");
      return 0;
    }
    for (LocalStack.Line line : stack.get().lines()) {
      console.line(
          "%-20s %-10s pid %-8d %s"
              .formatted(line.name(), line.state(), line.pid(), line.address()));
    }
    if (LocalStack.running(where.workspace()).isEmpty()) {
      console.line("The broker is gone: end what is left with ./quartet down.");
      return 0;
    }
    new RunBoard(console).show(RunChannel.all(stack.get().ports().bootstrap()));
    return 0;
  }
}
