package io.quartet.cli;

import io.quartet.keys.ApiKey;
import io.quartet.keys.ApiKeyFile;
import io.quartet.keys.PlainKey;
import io.quartet.keys.Priority;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
    name = "key",
    description = "Make and list the gateway's API keys.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "COMMAND")
final class KeyCommand implements Callable<Integer> {
  @Spec private CommandSpec spec = CommandSpec.create();

  private final Console console;

  KeyCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    throw new ParameterException(spec.commandLine(), "Missing command: create or list");
  }

  @Command(
      name = "create",
      description =
          "Make a key, add its hash to the keys file, and show the key itself, this once.",
      mixinStandardHelpOptions = true)
  int create(
      @Parameters(index = "0", paramLabel = "NAME", description = "Whom it is for.") String name,
      @Mixin KeysOption keys,
      @Option(
              names = "--requests-per-minute",
              paramLabel = "N",
              description = "How many requests it may begin (default: no limit).")
          @Nullable Integer requests,
      @Option(
              names = "--tokens-per-minute",
              paramLabel = "N",
              description = "How many tokens it may read and write (default: no limit).")
          @Nullable Integer tokens,
      @Option(
              names = "--priority",
              paramLabel = "PRIORITY",
              description = "interactive or batch (default: ${DEFAULT-VALUE}).",
              defaultValue = "interactive")
          String priority,
      @Option(names = "--admin", description = "It may change what is served.") boolean admin) {
    PlainKey key = PlainKey.create(new SecureRandom());
    ApiKey kept =
        new ApiKey(
            key.id(),
            name,
            key.sha256(),
            optional(requests),
            optional(tokens),
            priority(priority),
            admin);
    new ApiKeyFile(keys.file()).add(kept);
    console.line(key.reveal());
    System.err.printf("This is all that is ever shown of it; %s keeps its hash.%n", keys.file());
    return 0;
  }

  @Command(
      name = "list",
      description = "Say whose keys there are.",
      mixinStandardHelpOptions = true)
  int list(@Mixin KeysOption keys) {
    for (ApiKey key : new ApiKeyFile(keys.file()).read()) {
      console.line(
          "%-20s qk_%s_…  %s%s  requests/min %s  tokens/min %s"
              .formatted(
                  key.name(),
                  key.id(),
                  key.priority().label(),
                  key.admin() ? ", admin" : "",
                  limit(key.requestsPerMinute()),
                  limit(key.tokensPerMinute())));
    }
    return 0;
  }

  private Priority priority(String label) {
    for (Priority priority : Priority.values()) {
      if (priority.label().equals(label)) {
        return priority;
      }
    }
    throw new ParameterException(
        spec.subcommands().get("create"),
        "--priority: '%s', expected interactive or batch".formatted(label));
  }

  private static OptionalInt optional(@Nullable Integer limit) {
    return limit == null ? OptionalInt.empty() : OptionalInt.of(limit);
  }

  private static String limit(OptionalInt limit) {
    return limit.isPresent() ? Integer.toString(limit.getAsInt()) : "-";
  }

  /** Where the keys are. */
  static final class KeysOption {
    @Option(
        names = "--file",
        paramLabel = "FILE",
        description = "The keys file (default: keys.yaml in $$QUARTET_HOME, else in .quartet).",
        defaultValue = "${env:QUARTET_HOME:-.quartet}/keys.yaml",
        showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
    private Path file = Path.of("keys.yaml");

    Path file() {
      return file;
    }
  }
}
