package io.quartet.cli;

import io.quartet.cli.stack.LocalStack;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "down",
    description = "End the local stack; what it keeps stays.",
    mixinStandardHelpOptions = true)
final class DownCommand implements Callable<Integer> {
  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();

  private final Console console;

  DownCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    Optional<LocalStack> stack = LocalStack.leftOver(where.workspace());
    stack.ifPresent(LocalStack::close);
    console.line(stack.isPresent() ? "The stack is down." : "No stack is up.");
    return 0;
  }
}
