package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The snapshots in a folder, {@code trainer-STEP-SHA256.safetensors}: what a name says of its bytes
 * comes with the name, so a snapshot is there whole, or damaged and known to be.
 */
record SnapshotFiles(Path folder) {
  private static final System.Logger LOG = System.getLogger(SnapshotFiles.class.getName());
  private static final Pattern NAME =
      Pattern.compile("trainer-(\\d{10})-([0-9a-f]{64})\\.safetensors");
  private static final int CHUNK = 1 << 16;

  /** A snapshot's file, of which the bytes may not be what the name says. */
  private record Named(Path file, long step, String sha256) {}

  /** Where the next snapshot is written before it has its name. */
  Path unfinished() {
    return folder.resolve("trainer.safetensors.tmp");
  }

  /**
   * Makes the unfinished file the newest snapshot, durably, and only then deletes old ones.
   *
   * @param kept how many there are afterwards at most, 1 or more
   */
  void finish(long step, int kept) throws IOException {
    String name = "trainer-%010d-%s.safetensors".formatted(step, sha256(unfinished()));
    Path file = folder.resolve(name);
    replace(unfinished(), file);
    int left = 1;
    for (Named other : newestFirst()) {
      // One of this step or a later one is what an earlier attempt left, and this one passed over.
      boolean keep = other.step() < step && left < kept;
      if (keep) {
        left++;
      } else if (!other.file().equals(file)) {
        Files.delete(other.file());
      }
    }
  }

  /**
   * The newest snapshot whose bytes are what its name says; each newer one that is damaged is told
   * in a line.
   *
   * @return empty if there is none at all
   * @throws QuartetException DATA_LOSS if there are some, and all are damaged
   */
  Optional<Path> newestWhole() {
    List<String> damaged = new ArrayList<>();
    try {
      for (Named snapshot : newestFirst()) {
        String found = sha256(snapshot.file());
        if (found.equals(snapshot.sha256())) {
          damaged.forEach(
              line ->
                  LOG.log(
                      System.Logger.Level.WARNING,
                      "{0}; goes on from the snapshot of step {1}",
                      line,
                      Long.toString(snapshot.step())));
          return Optional.of(snapshot.file());
        }
        damaged.add(
            "%s is damaged: its SHA-256 is %s…".formatted(snapshot.file(), found.substring(0, 12)));
      }
    } catch (IOException e) {
      throw QuartetException.reading(folder, e);
    }
    if (!damaged.isEmpty()) {
      throw new QuartetException(
          ErrorCode.DATA_LOSS,
          "%s, and there is no older one; delete it to begin anew".formatted(damaged.get(0)));
    }
    return Optional.empty();
  }

  private List<Named> newestFirst() throws IOException {
    List<Named> all = new ArrayList<>();
    if (!Files.isDirectory(folder)) {
      return all;
    }
    try (var files = Files.newDirectoryStream(folder, "trainer-*.safetensors")) {
      for (Path file : files) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        if (name.matches()) {
          all.add(new Named(file, Long.parseLong(name.group(1)), name.group(2)));
        }
      }
    }
    all.sort(Comparator.comparingLong(Named::step).reversed());
    return all;
  }

  /** Puts a file that is written in another's place, durably: the one or the other is there. */
  static void replace(Path written, Path file) throws IOException {
    sync(written, StandardOpenOption.WRITE);
    Files.move(written, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    Path parent = file.toAbsolutePath().getParent();
    if (parent != null) {
      sync(parent, StandardOpenOption.READ);
    }
  }

  private static void sync(Path path, StandardOpenOption mode) throws IOException {
    try (FileChannel channel = FileChannel.open(path, mode)) {
      channel.force(true);
    }
  }

  private static String sha256(Path file) throws IOException {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    ByteBuffer buffer = ByteBuffer.allocate(CHUNK);
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      while (channel.read(buffer.clear()) >= 0) {
        digest.update(buffer.flip());
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
