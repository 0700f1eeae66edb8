package io.quartet.cli;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.OpenModel;
import io.quartet.checkpoint.Stage;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "import",
    description =
        "Take a Hugging Face folder (Llama, Mistral, Qwen2, Qwen3, SmolLM) as a base checkpoint, whether or not a stack is up.",
    mixinStandardHelpOptions = true)
final class ImportCommand implements Callable<Integer> {
  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();

  @Parameters(index = "0", paramLabel = "DIR", description = "The model's folder.")
  private Path folder = Path.of(".");

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The id's run: base/NAME/0 (default: the folder's name).")
  private @Nullable String name;

  @Option(
      names = "--chat-template",
      paramLabel = "FILE",
      description = "A Jinja chat template for a model that has none, or another one.")
  private @Nullable Path chatTemplate;

  private final Console console;

  ImportCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    // The base service reads its own store, and other services fetch from it.
    var store = new CheckpointStore(where.workspace().store(Stage.BASE));
    Checkpoint checkpoint =
        OpenModel.importTo(
            store, folder, name == null ? named(folder) : name, Optional.ofNullable(chatTemplate));
    var metrics = checkpoint.training().metrics();
    console.line(
        "%s  %s, %.1f M parameters, %s, context %d"
            .formatted(
                checkpoint.id(),
                metrics.get("family"),
                checkpoint.config().parameters() / 1e6,
                metrics.get("data_type"),
                checkpoint.config().contextLength()));
    if (!Boolean.TRUE.equals(metrics.get("chat_template"))) {
      console.line(
          "It has no chat template: for SFT, import it again with --chat-template FILE and another --name.");
    }
    console.line("In a recipe: model: {from: %s}".formatted(checkpoint.id()));
    return 0;
  }

  /** The folder's own name as a run's: lower case, and nothing that a run's name has not. */
  private static String named(Path folder) {
    String name = String.valueOf(folder.toAbsolutePath().normalize().getFileName());
    return name.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]+", "-");
  }
}
