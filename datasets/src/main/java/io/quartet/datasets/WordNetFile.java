package io.quartet.datasets;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * One of WordNet's files, whole in memory. It is read once, through a connection of its own: the
 * JDK otherwise reads every resource of a jar through one {@link java.util.jar.JarFile} that the
 * whole process shares, and whoever closes that breaks a read on another thread.
 */
final class WordNetFile {
  private static final String FOLDER = "/net/sf/extjwnl/data/wordnet/wn31/";

  private final byte[] bytes;

  private WordNetFile(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * Reads a file of the class path.
   *
   * @throws QuartetException INTERNAL with the file and the root cause
   */
  static WordNetFile read(String name) {
    URL url = WordNetFile.class.getResource(FOLDER + name);
    try {
      if (url == null) {
        throw new FileNotFoundException("not on the class path");
      }
      URLConnection connection = url.openConnection();
      connection.setUseCaches(false);
      try (InputStream in = connection.getInputStream()) {
        return new WordNetFile(in.readAllBytes());
      }
    } catch (IOException e) {
      throw unreadable(name, e);
    }
  }

  static QuartetException unreadable(String name, Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String kind = root.getClass().getSimpleName();
    String reason = root.getMessage() == null ? kind : kind + ": " + root.getMessage();
    return new QuartetException(
        ErrorCode.INTERNAL, "cannot read WordNet's %s: %s".formatted(name, reason), failure);
  }

  /** All lines in order. */
  Stream<String> lines() {
    return Stream.iterate(0, at -> at < bytes.length, at -> endOfLine(at) + 1).map(this::lineAt);
  }

  /** The line that begins at a byte offset, without its end. */
  String lineAt(int offset) {
    return new String(bytes, offset, endOfLine(offset) - offset, StandardCharsets.UTF_8);
  }

  /**
   * The line whose first word is this one, if there is one. Its lines are sorted by their bytes.
   */
  Optional<String> lineOf(String word) {
    byte[] key = (word + " ").getBytes(StandardCharsets.UTF_8);
    int low = 0;
    // The licence above the entries is indented, so that its first word is none.
    int high = word.isEmpty() ? 0 : bytes.length;
    while (low < high) {
      int line = startOfLine((low + high) >>> 1);
      int order = compare(line, key);
      if (order == 0) {
        return Optional.of(lineAt(line));
      } else if (order < 0) {
        low = endOfLine(line) + 1;
      } else {
        high = line;
      }
    }
    return Optional.empty();
  }

  private int compare(int line, byte[] key) {
    for (int i = 0; i < key.length; i++) {
      int difference = (line + i < bytes.length ? bytes[line + i] & 0xff : 0) - (key[i] & 0xff);
      if (difference != 0) {
        return difference;
      }
    }
    return 0;
  }

  private int startOfLine(int within) {
    int start = within;
    while (start > 0 && bytes[start - 1] != '\n') {
      start--;
    }
    return start;
  }

  private int endOfLine(int from) {
    int end = from;
    while (end < bytes.length && bytes[end] != '\n') {
      end++;
    }
    return end;
  }
}
