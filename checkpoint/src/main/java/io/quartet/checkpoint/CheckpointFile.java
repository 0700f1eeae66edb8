package io.quartet.checkpoint;

import java.util.regex.Pattern;

/**
 * One file of a checkpoint as its manifest lists it.
 *
 * @param name a plain file name: no folder, no hidden file, so it can never point outside the
 *     checkpoint
 * @param size bytes
 * @param sha256 64 lower-case hexadecimal digits
 */
public record CheckpointFile(String name, long size, String sha256) {
  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,127}");
  private static final Pattern SHA256 = Pattern.compile("[0-9a-f]{64}");

  /**
   * Checks the name, the size and the form of the digest; INVALID_ARGUMENT if one is impossible.
   */
  public CheckpointFile {
    requireName(name);
    if (size < 0) {
      throw invalid("file '%s': size %d, expected 0 or more".formatted(name, size));
    }
    if (!SHA256.matcher(sha256).matches()) {
      throw invalid(
          "file '%s': sha256 '%s', expected 64 hexadecimal digits".formatted(name, sha256));
    }
  }

  /**
   * Returns the name if a checkpoint may hold a file called so.
   *
   * @throws QuartetException INVALID_ARGUMENT otherwise
   */
  public static String requireName(String name) {
    if (!isName(name)) {
      throw invalid(
          "file name '%s', expected 1 to 128 letters, digits, '.', '_', '-', no '.' first"
              .formatted(name));
    }
    return name;
  }

  static boolean isName(String name) {
    return NAME.matcher(name).matches();
  }

  private static QuartetException invalid(String message) {
    return new QuartetException(ErrorCode.INVALID_ARGUMENT, message);
  }
}
