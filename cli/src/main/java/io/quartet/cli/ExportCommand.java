package io.quartet.cli;

import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.GgufFile;
import io.quartet.checkpoint.OpenModel;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "export",
    description = "Write a checkpoint as a folder that transformers and vLLM open, and llama.cpp.",
    mixinStandardHelpOptions = true)
final class ExportCommand implements Callable<Integer> {
  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();

  @Parameters(index = "0", paramLabel = "ID", description = "STAGE/RUN/STEP.")
  private String id = "";

  @Parameters(index = "1", paramLabel = "DIR", description = "An empty folder, or a new one.")
  private Path folder = Path.of(".");

  @Option(
      names = "--gguf",
      description = "Also write model.gguf, the one file that llama.cpp opens.")
  private boolean gguf;

  private final Console console;

  ExportCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    CheckpointId wanted = CheckpointId.parse(id);
    CheckpointStore store = where.workspace().storeOf(wanted);
    OpenModel.export(store, store.get(wanted), folder);
    if (gguf) {
      GgufFile.write(folder, folder.resolve(GgufFile.NAME));
    }
    console.line("%s is in %s".formatted(wanted, folder));
    return 0;
  }
}
