package io.quartet.cli;

import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExecutionExceptionHandler;

/** The {@code quartet} command. Exit codes: 0 done, 1 failed, 2 wrong usage, 130 interrupted. */
@Command(
    name = "quartet",
    description = "Trains a GPT assistant in four stages: base, SFT, reward model, RL.",
    mixinStandardHelpOptions = true,
    version = "quartet 0.1.0",
    synopsisSubcommandLabel = "COMMAND")
public final class Quartet {
  private static final int FAILED = 1;

  private Quartet() {}

  /** Runs the command and exits. */
  public static void main(String[] arguments) {
    Logs.off();
    System.exit(commandLine(Console.standard(System.getenv())).execute(arguments));
  }

  static CommandLine commandLine(Console console) {
    return new CommandLine(new Quartet())
        .addSubcommand(new DemoCommand(console))
        .addSubcommand(new UpCommand(console))
        .addSubcommand(new DownCommand(console))
        .addSubcommand(new StatusCommand(console))
        .addSubcommand(new RunCommand(console))
        .addSubcommand(new ResumeCommand(console))
        .addSubcommand(new ChatCommand(console))
        .addSubcommand(new CheckpointsCommand(console))
        .addSubcommand(new MergeCommand(console))
        .addSubcommand(new ImportCommand(console))
        .addSubcommand(new ExportCommand(console))
        .addSubcommand(new ReportCommand(console))
        .addSubcommand(new RecipeCommand(console))
        .addSubcommand(new KeyCommand(console))
        .addSubcommand(new RouteCommand(console))
        .setExecutionExceptionHandler(failures())
        .setUsageHelpAutoWidth(true);
  }

  private static IExecutionExceptionHandler failures() {
    return (failure, command, parsed) -> {
      if (failure instanceof QuartetException) {
        command.getErr().println("quartet: " + failure.getMessage());
      } else {
        command.getErr().println("quartet: %s; details in %s".formatted(failure, details(failure)));
      }
      command.getErr().flush();
      return FAILED;
    };
  }

  /** Keeps what nobody foresaw for whoever will mend it. */
  private static String details(Exception failure) throws IOException {
    StringWriter trace = new StringWriter();
    failure.printStackTrace(new PrintWriter(trace, true));
    Path file = Files.createTempFile("quartet-failure-", ".txt");
    Files.writeString(file, trace.toString());
    return file.toString();
  }
}
