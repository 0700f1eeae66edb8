package io.quartet.cli;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Console.Style;
import io.quartet.cli.stack.LocalStack;
import io.quartet.recipe.ServeSection;
import io.quartet.v1.Message;
import io.quartet.v1.Role;
import io.quartet.v1.Stage;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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

  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();

  private final Console console;
  private final List<Message> said = new ArrayList<>();

  ChatCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws InterruptedException {
    LocalStack stack =
        LocalStack.running(where.workspace())
            .orElseThrow(
                () ->
                    new QuartetException(
                        ErrorCode.FAILED_PRECONDITION,
                        "no stack is up in %s: start one with ./quartet up"
                            .formatted(where.workspace().home())));
    try (Gateway gateway = new Gateway(stack.gateway())) {
      boolean base = gateway.get(model).getStage() == Stage.STAGE_BASE;
      if (message.isPresent()) {
        say(gateway, base, message.get());
      } else {
        converse(gateway, base);
      }
    }
    return 0;
  }

  private void converse(Gateway gateway, boolean base) {
    var in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    console.line("Talking to %s. An empty line or Ctrl-D ends.".formatted(model));
    try {
      while (true) {
        console.out().print(console.styled(Style.CYAN, "> "));
        console.out().flush();
        String line = in.readLine();
        if (line == null || line.isBlank()) {
          return;
        }
        try {
          say(gateway, base, line);
        } catch (QuartetException e) {
          // The conversation goes on: a message may just be too long.
          console.line(console.styled(Style.RED, String.valueOf(e.getMessage())));
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void say(Gateway gateway, boolean base, String text) {
    ServeSection serve = new ServeSection(temperature, 1, maxTokens);
    if (base) {
      gateway.complete(model, text, List.of(), serve, console.out()::print);
      console.line("");
      return;
    }
    if (!history) {
      said.clear();
    }
    said.add(Message.newBuilder().setRole(Role.ROLE_USER).setContent(text).build());
    StringBuilder answer = new StringBuilder();
    try {
      gateway.chat(
          model,
          said,
          serve,
          piece -> {
            // A model's first token brings the space before a word.
            String shown = answer.isEmpty() ? piece.stripLeading() : piece;
            answer.append(shown);
            console.out().print(shown);
            console.out().flush();
          });
    } catch (QuartetException e) {
      said.remove(said.size() - 1);
      throw e;
    }
    console.line("");
    said.add(
        Message.newBuilder().setRole(Role.ROLE_ASSISTANT).setContent(answer.toString()).build());
  }
}
