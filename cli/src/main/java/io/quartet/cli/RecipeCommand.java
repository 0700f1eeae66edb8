package io.quartet.cli;

import io.quartet.recipe.Recipe;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

@Command(
    name = "recipe",
    description = "Print a recipe that comes with Quartet, to start one's own from.",
    mixinStandardHelpOptions = true)
final class RecipeCommand implements Callable<Integer> {
  @Parameters(
      arity = "0..1",
      paramLabel = "NAME",
      description = "default, quick or tiny (default: ${DEFAULT-VALUE}).",
      defaultValue = "default")
  private String name = "default";

  private final Console console;

  RecipeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    console.out().print(Recipe.committedYaml(name));
    return 0;
  }
}
