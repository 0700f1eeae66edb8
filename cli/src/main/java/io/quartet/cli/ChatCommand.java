package io.quartet.cli;

import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.chat.ChatSession;
import io.quartet.cli.chat.PipedLines;
import io.quartet.cli.chat.TypedLines;
import io.quartet.recipe.ServeSection;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
    name = "chat",
    description = "Talk to a model through the gateway; the base model continues your text.",
    mixinStandardHelpOptions = true)
final class ChatCommand implements Callable<Integer> {
  @Option(
      names = "--model",
      paramLabel = "MODEL",
      description = "rl, sft, base, or a checkpoint id (default: ${DEFAULT-VALUE}).",
      defaultValue = "rl")
  private String model = "rl";

  @Option(
      names = {"-m", "--message"},
      paramLabel = "TEXT",
      description = "Ask this and leave.")
  private Optional<String> message = Optional.empty();

  @Option(
      names = "--temperature",
      paramLabel = "T",
      description = "0 is greedy (default: ${DEFAULT-VALUE}).",
      defaultValue = "0")
  private double temperature;

  @Option(
      names = "--max-tokens",
      paramLabel = "N",
      description = "Longest answer (default: ${DEFAULT-VALUE}).",
      defaultValue = "64")
  private int maxTokens = 64;

  @Option(
      names = "--history",
      description =
          "Keep what was said before. Without it every message begins a conversation: the default"
              + " recipe teaches single turns.")
  private boolean history;

  @Mixin private final GatewayOptions asked = new GatewayOptions();

  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();

  @Spec private CommandSpec spec = CommandSpec.create();

  private final Console console;

  ChatCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    ServeSection serve = serve();
    try (Gateway gateway = asked.open(where.workspace())) {
      if (message.isPresent()) {
        new ChatSession(gateway, console, serve, model, history).ask(message.get());
      } else if (console.live() && System.console() != null) {
        converse(gateway, serve);
      } else {
        new ChatSession(gateway, console, serve, model, history).run(new PipedLines(System.in));
      }
    }
    return 0;
  }

  private ServeSection serve() {
    try {
      return new ServeSection(temperature, 1, maxTokens);
    } catch (QuartetException e) {
      // It speaks of a recipe's keys, and there is no recipe here.
      String text = e.getMessage().replaceFirst("^recipe: '(.*?)'", "--$1").replace('_', '-');
      throw new ParameterException(spec.commandLine(), text, e);
    }
  }

  private void converse(Gateway gateway, ServeSection serve) {
    Path typed = Workspace.create(where.workspace().home()).resolve("chat-history");
    try (var lines = TypedLines.open(typed, ChatSession.COMMANDS)) {
      Console terminal = new Console(lines.out(), console.live(), console.color(), console.width());
      new ChatSession(gateway, terminal, serve, model, history).run(lines);
    }
  }
}
