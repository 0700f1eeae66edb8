package io.quartet.cli;

import io.quartet.cli.stack.LocalStack;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "up",
    description = "Start the local stack and leave it up.",
    mixinStandardHelpOptions = true)
final class UpCommand implements Callable<Integer> {
  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();
  @Mixin private final StackOptions options = new StackOptions();

  private final Console console;

  UpCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws InterruptedException {
    try (Cleanup cleanup = new Cleanup()) {
      LocalStack stack = cleanup.add(options.stack(where.workspace(), console::line));
      console.line("Starting the broker and the services …");
      stack.start();
      stack.leave();
      console.line(
          "The stack is up: gateway gRPC at %s. End it with ./quartet down."
              .formatted(stack.gateway()));
    }
    return 0;
  }
}
