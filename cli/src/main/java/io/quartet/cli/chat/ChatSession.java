package io.quartet.cli.chat;

import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Console;
import io.quartet.cli.Console.Style;
import io.quartet.cli.Gateway;
import io.quartet.cli.Gateway.Answered;
import io.quartet.recipe.ServeSection;
import io.quartet.v1.FinishReason;
import io.quartet.v1.Message;
import io.quartet.v1.Model;
import io.quartet.v1.ModelState;
import io.quartet.v1.Role;
import io.quartet.v1.Stage;
import java.util.ArrayList;
import java.util.List;

/** One user's talk with the models of a gateway. */
public final class ChatSession {
  /** What is a command, not a message. */
  public static final List<String> COMMANDS =
      List.of("/model", "/system", "/clear", "/help", "/quit");

  private static final String HELP =
      """
      /model        the models that there are
      /model NAME   talk to another one: base, sft, rl, or a checkpoint id
      /system TEXT  begin every conversation with this; /system alone drops it
      /clear        forget what was said
      /quit         leave, as Ctrl-D does; Ctrl-C stops an answer\
      """;

  private final Gateway gateway;
  private final Console console;
  private final ServeSection serve;
  private final boolean remembers;
  private final List<Message> said = new ArrayList<>();
  private String model;
  private boolean base;
  private String system = "";
  private boolean lineOpen;

  /**
   * Begins with a model.
   *
   * @param remembers whether earlier turns are part of a later question
   * @throws QuartetException NOT_FOUND naming the models that there are
   */
  public ChatSession(
      Gateway gateway, Console console, ServeSection serve, String model, boolean remembers) {
    this.gateway = gateway;
    this.console = console;
    this.serve = serve;
    this.remembers = remembers;
    this.model = model;
    select(model);
  }

  /** Talks until the lines end or the user leaves. */
  public void run(Lines lines) {
    console.line(
        faint(
            "Talking to %s%s. /help tells the commands."
                .formatted(model, base ? ", which continues your text" : "")));
    while (true) {
      String prompt = console.styled(Style.CYAN, model + "> ");
      String line = lines.next(prompt).map(String::strip).orElse("/quit");
      if (line.split("\\s+", 2)[0].equals("/quit")) {
        return;
      }
      try {
        if (line.startsWith("/")) {
          command(line);
        } else if (!line.isEmpty()) {
          answer(lines, line);
        }
      } catch (QuartetException e) {
        // The conversation goes on: a message may just be too long.
        console.line(console.styled(Style.RED, e.getMessage() + hint(e)));
      }
    }
  }

  private String hint(QuartetException e) {
    boolean full = e.getMessage().contains("the context length") && !said.isEmpty();
    return full ? "; /clear starts anew" : "";
  }

  /** Asks one thing and writes nothing but the answer. */
  public void ask(String text) {
    answer(text, new Gateway.Stop());
    console.line("");
  }

  private void command(String line) {
    String[] words = line.split("\\s+", 2);
    String argument = words.length > 1 ? words[1] : "";
    switch (words[0]) {
      case "/help" -> console.line(HELP);
      case "/clear" -> said.clear();
      case "/system" -> {
        system = argument;
        said.clear();
      }
      case "/model" -> {
        if (argument.isEmpty()) {
          gateway.models().stream()
              .filter(found -> found.getState() != ModelState.MODEL_STATE_FAILED)
              .forEach(this::show);
        } else {
          select(argument);
        }
      }
      default ->
          console.line(console.styled(Style.RED, words[0] + ": no such command; /help tells them"));
    }
  }

  private void show(Model found) {
    String names = String.join(" ", found.getAliasesList());
    console.line("%-5s %s".formatted(names, found.getCheckpointId()));
  }

  private void select(String name) {
    Model found = gateway.get(name);
    model = name;
    base = found.getStage() == Stage.STAGE_BASE;
    said.clear();
  }

  private void answer(Lines lines, String text) {
    var stop = new Gateway.Stop();
    long begun = System.nanoTime();
    lines.stoppable(
        () -> {
          Answered answered = answer(text, stop);
          double seconds = (System.nanoTime() - begun) / 1e9;
          console.line("");
          console.line(faint(footer(answered, seconds)));
        },
        stop::now);
  }

  private static String footer(Answered answered, double seconds) {
    String end =
        switch (answered.reason()) {
          case FINISH_REASON_STOP -> "";
          case FINISH_REASON_LENGTH -> " · cut at --max-tokens or the context's end";
          case FINISH_REASON_TIME_LIMIT -> " · out of time";
          case FINISH_REASON_CANCELLED, FINISH_REASON_UNSPECIFIED, UNRECOGNIZED -> " · stopped";
        };
    // What was stopped before its first token has not said who answers.
    String who = answered.checkpointId().isEmpty() ? "" : answered.checkpointId() + " · ";
    return "%s%d tokens · %.1f s%s".formatted(who, answered.tokens(), seconds, end);
  }

  private Answered answer(String text, Gateway.Stop stop) {
    lineOpen = false;
    try {
      return stream(text, stop);
    } catch (QuartetException e) {
      if (lineOpen) {
        console.line("");
      }
      throw e;
    }
  }

  private Answered stream(String text, Gateway.Stop stop) {
    if (base) {
      print(faint(text));
      return gateway.complete(model, text, List.of(), serve, this::print, stop);
    }
    if (!remembers) {
      said.clear();
    }
    List<Message> conversation = new ArrayList<>();
    if (!system.isEmpty()) {
      conversation.add(message(Role.ROLE_SYSTEM, system));
    }
    conversation.addAll(said);
    Message question = message(Role.ROLE_USER, text);
    conversation.add(question);
    var answer = new StringBuilder();
    Answered answered =
        gateway.chat(
            model,
            conversation,
            serve,
            piece -> {
              answer.append(piece);
              print(piece);
            },
            stop);
    if (answered.reason() != FinishReason.FINISH_REASON_CANCELLED) {
      said.add(question);
      said.add(message(Role.ROLE_ASSISTANT, answer.toString()));
    }
    return answered;
  }

  private void print(String piece) {
    console.out().print(piece);
    console.out().flush();
    lineOpen = !piece.endsWith("\n");
  }

  private String faint(String text) {
    return console.styled(Style.FAINT, text);
  }

  private static Message message(Role role, String content) {
    return Message.newBuilder().setRole(role).setContent(content).build();
  }
}
