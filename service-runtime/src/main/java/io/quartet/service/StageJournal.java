package io.quartet.service;

import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.jboss.logging.Logger;

/**
 * What this service's stage did in each run, one small file a run: after a restart it says what is
 * finished and what goes on, whatever the broker still keeps.
 */
final class StageJournal {
  private static final Logger LOG = Logger.getLogger(StageJournal.class);
  private static final String SUFFIX = ".stage";

  /** A run and where its stage stood: pending, or ended. */
  record Entry(RunSubmitted submission, StageProgress progress) {}

  private final Path folder;

  /**
   * A journal of one stage.
   *
   * @param folder which the stages of several services may share
   */
  StageJournal(Path folder, Stage stage) {
    this.folder = folder.resolve(stage.label());
  }

  void write(Entry entry) {
    Path file = folder.resolve(entry.submission().getRun() + SUFFIX);
    Path temporary = folder.resolve(entry.submission().getRun() + ".tmp");
    try {
      Files.createDirectories(folder);
      try (var out = Files.newOutputStream(temporary)) {
        entry.submission().writeDelimitedTo(out);
        entry.progress().writeDelimitedTo(out);
      }
      Files.move(
          temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw QuartetException.writing(file, e);
    }
  }

  /** Every entry; a file that cannot be read is reported and left alone. */
  List<Entry> read() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    List<Entry> entries = new ArrayList<>();
    try (var files = Files.newDirectoryStream(folder, "*" + SUFFIX)) {
      for (Path file : files) {
        try (var in = Files.newInputStream(file)) {
          entries.add(
              new Entry(RunSubmitted.parseDelimitedFrom(in), StageProgress.parseDelimitedFrom(in)));
        } catch (IOException e) {
          LOG.errorf("%s is no stage journal (%s); ignored", file, Failures.firstLine(e));
        }
      }
    } catch (IOException e) {
      throw QuartetException.reading(folder, e);
    }
    return entries;
  }
}
