package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTest {
  private static final CheckpointId ID = CheckpointId.parse("base/demo/100");

  @TempDir Path root;
  private CheckpointStore store;

  @BeforeEach
  void open() {
    store = new CheckpointStore(root);
  }

  @Test
  void publishedCheckpointIsFoundByItsId() {
    Checkpoint published = TinyCheckpoints.publish(store, ID, 1);

    assertThat(new CheckpointStore(root).get(ID)).isEqualTo(published);
    assertThat(published.config()).isEqualTo(TinyCheckpoints.CONFIG);
    assertThat(published.directory()).isEqualTo(root.resolve("base/demo/100"));
    store.verify(published);
  }

  @Test
  void nothingIsVisibleBeforePublishing() {
    try (PendingCheckpoint pending = store.begin(ID)) {
      TinyCheckpoints.write(pending.directory(), TinyCheckpoints.CONFIG, 1);

      assertThat(store.find(ID)).isEmpty();
      assertThat(store.list()).isEmpty();
    }
    assertThat(store.list()).isEmpty();
  }

  @Test
  void closingWithoutPublishingLeavesNoFile() throws IOException {
    Path directory;
    try (PendingCheckpoint pending = store.begin(ID)) {
      directory = pending.directory();
      TinyCheckpoints.write(directory, TinyCheckpoints.CONFIG, 1);
    }

    assertThat(directory).doesNotExist();
    assertThat(children(root.resolve("base/demo"))).containsExactly(".lock");
  }

  @Test
  void sameBytesGiveTheSameDigestAndOthersAnother() {
    Checkpoint first = TinyCheckpoints.publish(store, ID, 1);
    Checkpoint same = TinyCheckpoints.publish(store, CheckpointId.parse("base/demo/101"), 1);
    Checkpoint other = TinyCheckpoints.publish(store, CheckpointId.parse("base/demo/102"), 2);

    assertThat(first.digest()).isEqualTo(same.digest()).isNotEqualTo(other.digest());
  }

  @Test
  void digestIsThatOfTheSortedSha256sumLines() {
    var files =
        List.of(
            new CheckpointFile("b", 1, "2".repeat(64)), new CheckpointFile("a", 1, "1".repeat(64)));

    // printf '%s  a\n%s  b\n' 111… 222… | sha256sum
    assertThat(Checkpoint.digest(files))
        .isEqualTo("7365ea48c8a3989cf164ca67f5d934c9a11269a628308b0fe529b6e4bc1c694d");
  }

  @Test
  void checkpointsAreListedByStageRunAndStep() {
    Stream.of("rl/demo/2", "base/zeta/1", "base/demo/1000", "base/demo/9", "sft/demo/0")
        .forEach(id -> TinyCheckpoints.publish(store, CheckpointId.parse(id), 1));

    assertThat(store.list().stream().map(c -> c.id().toString()))
        .containsExactly("base/demo/9", "base/demo/1000", "base/zeta/1", "sft/demo/0", "rl/demo/2");
    assertThat(store.latest(Stage.BASE, "demo").map(c -> c.id().step())).contains(1000L);
    assertThat(store.latest(Stage.RL, "zeta")).isEmpty();
    assertThat(store.list(Stage.BASE, "demo")).hasSize(2);
  }

  @Test
  void emptyStoreHasNothingAndNeedsNoFolder() {
    var absent = new CheckpointStore(root.resolve("absent"));

    assertThat(absent.list()).isEmpty();
    assertThat(absent.find(ID)).isEqualTo(Optional.empty());
    assertFails(() -> absent.get(ID), ErrorCode.NOT_FOUND, "no checkpoint 'base/demo/100'");
    assertFails(() -> absent.delete(ID), ErrorCode.NOT_FOUND, "no checkpoint 'base/demo/100'");
  }

  @Test
  void foreignFilesInTheStoreAreIgnored() throws IOException {
    TinyCheckpoints.publish(store, ID, 1);
    Files.createDirectories(root.resolve("base/demo/notes"));
    Files.createDirectories(root.resolve("base/demo/007"));
    Files.createDirectories(root.resolve("base/demo/200"));
    Files.createDirectories(root.resolve("base/UPPER/1"));
    Files.createDirectories(root.resolve("lost+found"));
    Files.writeString(root.resolve("base/file"), "x");

    assertThat(store.list().stream().map(Checkpoint::id)).containsExactly(ID);
    assertThat(store.latest(Stage.BASE, "demo").map(Checkpoint::id)).contains(ID);
  }

  @Test
  void publishedIdIsNeverOverwritten() {
    Checkpoint first = TinyCheckpoints.publish(store, ID, 1);

    assertFails(
        () -> TinyCheckpoints.publish(store, ID, 2),
        ErrorCode.ALREADY_EXISTS,
        "checkpoint base/demo/100 is published already");
    store.verify(first);
  }

  @Test
  void oneIdIsWrittenByOneWriterAtATime() {
    try (PendingCheckpoint pending = store.begin(ID)) {
      assertFails(
          () -> new CheckpointStore(root).begin(ID),
          ErrorCode.FAILED_PRECONDITION,
          "checkpoint base/demo/100 is being written already");
      assertThat(pending.directory()).exists();
      // another step of the same run is free
      TinyCheckpoints.publish(store, CheckpointId.parse("base/demo/101"), 1);
    }
    TinyCheckpoints.publish(store, ID, 1);
  }

  @Test
  void deletedCheckpointIsGone() throws IOException {
    TinyCheckpoints.publish(store, ID, 1);

    store.delete(ID);

    assertThat(store.find(ID)).isEmpty();
    assertThat(children(root.resolve("base/demo"))).containsExactly(".lock");
  }

  @Test
  void changedByteIsDataLossNamingTheFileAndBothDigests() throws IOException {
    Checkpoint published = TinyCheckpoints.publish(store, ID, 1);
    try (var channel = FileChannel.open(published.weights(), StandardOpenOption.WRITE)) {
      channel.position(channel.size() - 1).write(java.nio.ByteBuffer.wrap(new byte[] {1}));
    }
    String expected =
        published.files().stream()
            .filter(file -> file.name().equals("model.safetensors"))
            .findFirst()
            .orElseThrow()
            .sha256();

    assertFails(
        () -> store.verify(published),
        ErrorCode.DATA_LOSS,
        "model.safetensors: found sha256 ",
        ", expected " + expected);
  }

  @Test
  void truncatedOrMissingFileIsDataLossOnOpening() throws IOException {
    Checkpoint published = TinyCheckpoints.publish(store, ID, 1);
    long size = Files.size(published.weights());
    try (var channel = FileChannel.open(published.weights(), StandardOpenOption.WRITE)) {
      channel.truncate(100);
    }
    assertFails(
        () -> store.get(ID),
        ErrorCode.DATA_LOSS,
        "model.safetensors: found 100 bytes, expected " + size + " bytes");

    Files.delete(published.weights());
    assertFails(() -> store.get(ID), ErrorCode.DATA_LOSS, "model.safetensors: found no file");
  }

  @Test
  void manifestThatPointsOutsideIsDataLoss() throws IOException {
    Path manifest = TinyCheckpoints.publish(store, ID, 1).directory().resolve("checkpoint.json");
    String text = Files.readString(manifest);

    Files.writeString(manifest, text.replace("config.json", "../../x"));
    assertFails(() -> store.get(ID), ErrorCode.DATA_LOSS, "file name '../../x'");
    Files.writeString(manifest, text.replace("base/demo/100", "base/demo/1"));
    assertFails(() -> store.get(ID), ErrorCode.DATA_LOSS, "id is \"base/demo/1\"");
    Files.writeString(manifest, text.replaceFirst("\"sha256\" : \"[0-9a-f]", "\"sha256\" : \"z"));
    assertFails(() -> store.get(ID), ErrorCode.DATA_LOSS, "expected 64 hexadecimal digits");
    Files.writeString(manifest, text.substring(0, 40));
    assertFails(() -> store.list(), ErrorCode.DATA_LOSS, "checkpoint.json: not JSON");
  }

  @Test
  void incompleteOrForeignFilesAreNotPublished() throws IOException {
    try (PendingCheckpoint pending = store.begin(ID)) {
      Path directory = pending.directory();
      assertFails(pending::publish, ErrorCode.FAILED_PRECONDITION, "no file 'config.json'");
      TinyCheckpoints.write(directory, TinyCheckpoints.CONFIG, 1);
      Files.createDirectory(directory.resolve("sub"));
      assertFails(
          pending::publish, ErrorCode.FAILED_PRECONDITION, "'sub' is not a plain, visible file");
      Files.delete(directory.resolve("sub"));
      Files.createSymbolicLink(directory.resolve("link"), Path.of("/etc/passwd"));
      assertFails(
          pending::publish, ErrorCode.FAILED_PRECONDITION, "'link' is not a plain, visible file");
      Files.delete(directory.resolve("link"));
      Files.writeString(directory.resolve(".hidden"), "");
      assertFails(
          pending::publish,
          ErrorCode.FAILED_PRECONDITION,
          "'.hidden' is not a plain, visible file");
      Files.delete(directory.resolve(".hidden"));

      assertThat(store.list()).isEmpty();
      assertThat(pending.publish().id()).isEqualTo(ID);
    }
    assertThat(store.find(ID)).isPresent();
  }

  @Test
  void weightsThatAreNotTheConfigsAreNotPublished() {
    try (PendingCheckpoint pending = store.begin(ID)) {
      TinyCheckpoints.write(pending.directory(), TinyCheckpoints.CONFIG, 1);
      TinyCheckpoints.CONFIG
          .withArchitecture(Architecture.SEQUENCE_CLASSIFICATION)
          .write(pending.directory());

      assertFails(
          pending::publish,
          ErrorCode.INVALID_ARGUMENT,
          "tensor 'score.weight': missing, expected shape [1, 16]");
    }
  }

  @Test
  void storeThatCannotBeWrittenIsFailedPrecondition() throws IOException {
    Path file = Files.writeString(root.resolve("file"), "");

    assertFails(
        () -> new CheckpointStore(file).begin(ID),
        ErrorCode.FAILED_PRECONDITION,
        "cannot write " + file);
    if (Files.isDirectory(Path.of("/proc/self"))) { // refuses every file, even to root
      assertFails(
          () -> new CheckpointStore(Path.of("/proc/quartet")).begin(ID),
          ErrorCode.FAILED_PRECONDITION,
          "cannot write /proc/quartet/base/demo");
    }
  }

  @Test
  void scratchIsOutsideEveryCheckpoint() {
    Path scratch = store.scratch(Stage.BASE, "demo");

    assertThat(scratch).isDirectory().isEqualTo(root.resolve("scratch/base/demo"));
    assertFails(
        () -> store.scratch(Stage.BASE, "../demo"), ErrorCode.INVALID_ARGUMENT, "run '../demo'");
    assertFails(
        () -> store.list(Stage.BASE, "../../etc"), ErrorCode.INVALID_ARGUMENT, "run '../../etc'");
  }

  @Test
  void onlyListedFilesAreServed() {
    Checkpoint published = TinyCheckpoints.publish(store, ID, 1);

    assertThat(published.file("config.json")).isRegularFile();
    assertFails(() -> published.file("../../../etc/passwd"), ErrorCode.NOT_FOUND, "no file '../");
    assertFails(() -> published.file("checkpoint.json"), ErrorCode.NOT_FOUND, "no file");
  }

  private static List<String> children(Path directory) throws IOException {
    try (Stream<Path> paths = Files.list(directory)) {
      return paths.map(path -> path.getFileName().toString()).sorted().toList();
    }
  }
}
