package io.quartet.datasets;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.stream.Stream;

/** Finds the files of a data set. */
final class DatasetFiles {
  private DatasetFiles() {}

  /**
   * The files of a pattern in the order of their paths.
   *
   * @param pattern a path with {@code *}, {@code **}, {@code ?}, {@code [...]} and {@code {...}}
   * @throws QuartetException INVALID_ARGUMENT if it has no file, or one with another ending than
   *     the expected ones
   */
  static List<Path> matching(String pattern, List<String> endings) {
    return matching(pattern).stream().map(file -> ofKind(file, endings)).toList();
  }

  private static List<Path> matching(String pattern) {
    Path literal = Path.of(pattern);
    if (Files.isRegularFile(literal)) {
      return List.of(literal);
    }
    if (pattern.chars().noneMatch(DatasetFiles::isGlob)) {
      throw Files.isDirectory(literal)
          ? invalid(
              pattern + " is a folder, expected a file or a pattern such as " + pattern + "/*")
          : invalid(pattern + " is not there, expected a file or a pattern");
    }
    PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
    Path root = root(pattern);
    if (Files.isDirectory(root)) {
      try (Stream<Path> tree = Files.walk(root)) {
        List<Path> files =
            tree.map(file -> root.toString().isEmpty() ? file.normalize() : file)
                .filter(matcher::matches)
                .filter(Files::isRegularFile)
                .sorted()
                .toList();
        if (!files.isEmpty()) {
          return files;
        }
      } catch (IOException e) {
        throw QuartetException.reading(root, e);
      }
    }
    throw invalid(pattern + " matches no file, expected one at least");
  }

  private static Path ofKind(Path file, List<String> endings) {
    if (endings.stream().noneMatch(file.toString()::endsWith)) {
      throw invalid("%s: expected a file that ends with %s".formatted(file, listed(endings)));
    }
    return file;
  }

  private static String listed(List<String> endings) {
    int last = endings.size() - 1;
    return String.join(", ", endings.subList(0, last)) + " or " + endings.get(last);
  }

  /** The folder above the first part of the pattern that is not literal. */
  private static Path root(String pattern) {
    int glob = 0;
    while (!isGlob(pattern.charAt(glob))) {
      glob++;
    }
    return Path.of(pattern.substring(0, pattern.lastIndexOf('/', glob) + 1));
  }

  private static boolean isGlob(int c) {
    return "*?[{".indexOf(c) >= 0;
  }

  private static QuartetException invalid(String message) {
    return new QuartetException(ErrorCode.INVALID_ARGUMENT, "data: " + message);
  }
}
