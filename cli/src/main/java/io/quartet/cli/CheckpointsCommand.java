package io.quartet.cli;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointFile;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.checkpoint.CheckpointStore;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

@Command(
    name = "checkpoints",
    description = "List the checkpoints in the data directory, whether or not a stack is up.",
    mixinStandardHelpOptions = true)
final class CheckpointsCommand implements Callable<Integer> {
  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();

  private final Console console;

  CheckpointsCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    // Services fetch each other's: the stage's own is shown, else any.
    Map<CheckpointId, Checkpoint> checkpoints =
        new TreeMap<>(
            Comparator.comparing(CheckpointId::run)
                .thenComparing(CheckpointId::stage)
                .thenComparing(CheckpointId::step));
    Workspace workspace = where.workspace();
    for (Path store : workspace.stores()) {
      new CheckpointStore(store)
          .list().stream()
              .filter(c -> c.training().isResult()) // a rollout worker keeps the last it sampled
              .forEach(
                  c -> {
                    if (store.equals(workspace.store(c.id().stage()))) {
                      checkpoints.put(c.id(), c);
                    } else {
                      checkpoints.putIfAbsent(c.id(), c);
                    }
                  });
    }
    if (checkpoints.isEmpty()) {
      console.line("No checkpoint in %s.".formatted(workspace.home()));
    }
    for (Checkpoint checkpoint : checkpoints.values()) {
      console.line(
          "%-32s %8.1f MB  sha256 %s  %s"
              .formatted(
                  checkpoint.id(),
                  checkpoint.files().stream().mapToLong(CheckpointFile::size).sum() / 1e6,
                  checkpoint.digest().substring(0, 12),
                  checkpoint.training().origin()));
      console.line("  " + console.styled(Console.Style.FAINT, checkpoint.directory().toString()));
    }
    return 0;
  }
}
