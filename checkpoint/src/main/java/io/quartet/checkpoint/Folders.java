package io.quartet.checkpoint;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** What atomic publishing needs of the file system. */
public final class Folders {
  private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");

  private Folders() {}

  /** Creates a folder and those above it. */
  public static void create(Path directory) {
    try {
      Files.createDirectories(directory);
    } catch (IOException e) {
      throw QuartetException.writing(directory, e);
    }
  }

  /** Renames in one step. */
  public static void move(Path from, Path to) {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      throw QuartetException.writing(to, e);
    }
  }

  /** Makes a file's bytes, or a folder's entries, survive a power cut. */
  public static void sync(Path path) {
    boolean directory = Files.isDirectory(path);
    if (directory && WINDOWS) {
      return; // Windows cannot open a folder, and its renames are journalled
    }
    var option = directory ? StandardOpenOption.READ : StandardOpenOption.WRITE;
    try (FileChannel channel = FileChannel.open(path, option)) {
      channel.force(true);
    } catch (IOException e) {
      throw QuartetException.writing(path, e);
    }
  }

  /** Deletes a folder and all in it; links are deleted, not followed. Nothing there is fine. */
  public static void deleteTree(Path directory) {
    if (!Files.exists(directory)) {
      return;
    }
    try {
      Files.walkFileTree(
          directory,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
              Files.delete(file);
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure)
                throws IOException {
              if (failure != null) {
                throw failure;
              }
              Files.delete(folder);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw QuartetException.writing(directory, e);
    }
  }
}
