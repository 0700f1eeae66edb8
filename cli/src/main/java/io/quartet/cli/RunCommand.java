package io.quartet.cli;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.Stage;
import io.quartet.recipe.Recipe;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "run",
    description = "Train the stages that a recipe describes, and follow them.",
    mixinStandardHelpOptions = true)
final class RunCommand implements Callable<Integer> {
  @Parameters(paramLabel = "RECIPE.yaml", description = "The recipe; see quartet recipe default.")
  private Path recipe = Path.of("");

  @Option(
      names = "--run",
      paramLabel = "NAME",
      description = "Name of the run (default: the recipe's name and a number).")
  private Optional<String> name = Optional.empty();

  @Option(names = "--keep", description = "Leave a stack that this command starts up.")
  private boolean keep;

  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();
  @Mixin private final StackOptions options = new StackOptions();

  private final Console console;

  RunCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws InterruptedException {
    Recipe read = Recipe.read(recipe);
    name.ifPresent(n -> new CheckpointId(Stage.BASE, n, 0));
    new RunSession(console, where.workspace(), options, keep).run(read, name, (stack, view) -> {});
    return 0;
  }
}
