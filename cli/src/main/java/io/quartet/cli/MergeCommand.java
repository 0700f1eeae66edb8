package io.quartet.cli;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.MergedWeights;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "merge",
    description = "Make a checkpoint of whole weights from an adapter and its base.",
    mixinStandardHelpOptions = true)
final class MergeCommand implements Callable<Integer> {
  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();

  @Parameters(index = "0", paramLabel = "ID", description = "The adapter's STAGE/RUN/STEP.")
  private String id = "";

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "The merged checkpoint's run (default: the adapter's with -merged after it).")
  private @Nullable String name;

  private final Console console;

  MergeCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    CheckpointId wanted = CheckpointId.parse(id);
    var merged =
        new CheckpointId(
            wanted.stage(), name == null ? wanted.run() + "-merged" : name, wanted.step());
    CheckpointStore store = where.workspace().storeOf(wanted);
    Checkpoint whole = MergedWeights.publish(store, store.get(wanted), merged);
    console.line("%s  sha256 %s".formatted(whole.id(), whole.digest().substring(0, 12)));
    console.line("  " + console.styled(Console.Style.FAINT, whole.directory().toString()));
    return 0;
  }
}
