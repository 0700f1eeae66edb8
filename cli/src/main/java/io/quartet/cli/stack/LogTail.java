package io.quartet.cli.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The line of a log that most likely says why its process ended. */
final class LogTail {
  private static final int LINES = 400;

  private LogTail() {}

  static String cause(Path log) {
    List<String> lines = lines(log);
    for (String mark : List.of("Caused by: ", " ERROR ", " FATAL ", "Exception", "Error")) {
      for (int i = lines.size() - 1; i >= 0; i--) {
        String line = lines.get(i);
        if (line.contains(mark) && !line.startsWith("\tat ")) {
          return line.substring(line.startsWith(mark) ? mark.length() : 0).strip();
        }
      }
    }
    return "its log does not say why";
  }

  private static List<String> lines(Path log) {
    // Latin-1 decodes whatever bytes there are; a stage's log is small.
    try (Stream<String> lines = Files.lines(log, java.nio.charset.StandardCharsets.ISO_8859_1)) {
      List<String> all = lines.filter(l -> !l.isBlank()).toList();
      return all.subList(Math.max(0, all.size() - LINES), all.size());
    } catch (IOException e) {
      return List.of("(%s cannot be read: %s)".formatted(log, e.getMessage()));
    }
  }
}
