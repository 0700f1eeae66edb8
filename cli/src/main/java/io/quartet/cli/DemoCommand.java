package io.quartet.cli;

import io.quartet.cli.run.RunView;
import io.quartet.cli.stack.LocalStack;
import io.quartet.recipe.Recipe;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

@Command(
    name = "demo",
    description = "Train a dictionary assistant in four stages and let it answer.",
    mixinStandardHelpOptions = true)
final class DemoCommand implements Callable<Integer> {
  @Option(
      names = "--profile",
      paramLabel = "NAME",
      description = "Committed recipe: default, or quick for fewer words in less time.",
      defaultValue = "default")
  private String profile = "default";

  @Option(names = "--keep", description = "Leave the stack up, for quartet chat.")
  private boolean keep;

  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();
  @Mixin private final StackOptions options = new StackOptions();

  private final Console console;

  DemoCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws InterruptedException {
    Recipe recipe = Recipe.committed(profile);
    new RunSession(console, where.workspace(), options, keep)
        .run(recipe, Optional.empty(), (stack, view) -> answer(recipe, stack, view));
    return 0;
  }

  private void answer(Recipe recipe, LocalStack stack, RunView view) throws InterruptedException {
    try (Gateway gateway = new Gateway(stack.gateway())) {
      new HeldOutQuestions(console, gateway, recipe.serve()).ask(view);
    }
  }
}
