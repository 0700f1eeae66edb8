package io.quartet.service;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/**
 * The code and constants of native libraries that this process has resident. An idle service does
 * not need libtorch's, and the kernel takes them only when memory runs short; whatever is used
 * again comes back from the page cache.
 */
final class LibraryPages {
  private static final Logger LOG = Logger.getLogger(LibraryPages.class);
  private static final Path MAPPINGS = Path.of("/proc/self/smaps");
  private static final Pattern LIBRARY =
      Pattern.compile(
          "([0-9a-f]+)-([0-9a-f]+) r-[x-]p .*/lib(torch|c10|jni|onnx|openblas|tok|duck).*");
  private static final Pattern WRITTEN = Pattern.compile("Anonymous: +(\\d+) kB");
  private static final int DONT_NEED = 4; // MADV_DONTNEED

  private LibraryPages() {}

  /** Gives them back; does nothing where there is no /proc. */
  static void giveBack() {
    List<String> lines;
    try {
      lines = Files.readAllLines(MAPPINGS);
    } catch (IOException e) {
      LOG.debug("library pages stay", e); // not Linux
      return;
    }
    Function advise = NativeLibrary.getInstance("c").getFunction("madvise");
    Matcher library = null;
    for (String line : lines) {
      Matcher mapping = LIBRARY.matcher(line);
      if (mapping.matches()) {
        library = mapping;
      }
      Matcher written = WRITTEN.matcher(line);
      if (library != null && written.matches()) {
        // A page that was relocated is the process's own: without it the library is broken.
        if (written.group(1).equals("0")) {
          advise(advise, library);
        }
        library = null;
      }
    }
  }

  private static void advise(Function advise, Matcher library) {
    long from = Long.parseUnsignedLong(library.group(1), 16);
    long to = Long.parseUnsignedLong(library.group(2), 16);
    Object[] arguments = {new Pointer(from), new NativeLong(to - from), DONT_NEED};
    int failed = advise.invokeInt(arguments);
    if (failed != 0) {
      LOG.debugf("madvise refused %s", library.group());
    }
  }
}
