package io.quartet.checkpoint;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.ReadOnlyFileSystemException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The one exception that Quartet throws on purpose. Its message is one line for the user: the
 * thing, what was found, what was expected.
 */
public final class QuartetException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final ErrorCode code;
  private final String message;
  private final @Nullable Duration retryAfter;

  /** An exception of a category with a one-line message. */
  public QuartetException(ErrorCode code, String message) {
    this(code, message, null, null);
  }

  /** The same, with what caused it; the message must be enough without the cause. */
  public QuartetException(ErrorCode code, String message, Throwable cause) {
    this(code, message, cause, null);
  }

  private QuartetException(
      ErrorCode code, String message, @Nullable Throwable cause, @Nullable Duration retryAfter) {
    super(message, cause);
    this.code = code;
    this.message = message;
    this.retryAfter = retryAfter;
  }

  /** RESOURCE_EXHAUSTED for now: the same request has a chance once {@code wait} has passed. */
  public static QuartetException retryLater(String message, Duration wait) {
    return new QuartetException(ErrorCode.RESOURCE_EXHAUSTED, message, null, wait);
  }

  /** The category, which is also the gRPC status. */
  public ErrorCode code() {
    return code;
  }

  /** How long to wait before the same request has a chance; empty if nobody can tell. */
  public Optional<Duration> retryAfter() {
    return Optional.ofNullable(retryAfter);
  }

  /** The one line for the user; never null. */
  @Override
  public String getMessage() {
    return message;
  }

  /**
   * A failed read as a one-line message: NOT_FOUND if the file is missing, FAILED_PRECONDITION if
   * it may not be read, INTERNAL otherwise.
   */
  public static QuartetException reading(Path path, IOException cause) {
    return io("cannot read", path, cause);
  }

  /**
   * A failed write as a one-line message: RESOURCE_EXHAUSTED if the disk or the quota is full,
   * FAILED_PRECONDITION if the place may not be written or its folder is missing, INTERNAL
   * otherwise.
   */
  public static QuartetException writing(Path path, IOException cause) {
    QuartetException failure = io("cannot write", path, cause);
    return failure.code == ErrorCode.NOT_FOUND
        ? new QuartetException(ErrorCode.FAILED_PRECONDITION, failure.getMessage(), cause)
        : failure;
  }

  private static QuartetException io(String what, Path path, IOException cause) {
    String reason = reason(cause);
    return new QuartetException(code(cause, reason), what + " " + path + ": " + reason, cause);
  }

  private static ErrorCode code(IOException cause, String reason) {
    if (cause instanceof NoSuchFileException) {
      return ErrorCode.NOT_FOUND;
    }
    // The JDK has no type for these; the operating system's words are all there is.
    String words = reason.toLowerCase(Locale.ROOT);
    if (words.contains("no space")
        || words.contains("quota")
        || words.contains("not enough space")
        || words.contains("file too large")) { // more than this process may write into one file
      return ErrorCode.RESOURCE_EXHAUSTED;
    }
    boolean refused =
        cause instanceof AccessDeniedException
            || cause instanceof FileAlreadyExistsException
            || cause instanceof NotDirectoryException
            || cause.getCause() instanceof ReadOnlyFileSystemException
            || words.contains("read-only")
            || words.contains("not a directory")
            || words.contains("is a directory");
    return refused ? ErrorCode.FAILED_PRECONDITION : ErrorCode.INTERNAL;
  }

  private static String reason(IOException cause) {
    if (cause instanceof NoSuchFileException) {
      return "no such file or folder";
    }
    if (cause instanceof AccessDeniedException) {
      return "permission denied";
    }
    if (cause instanceof FileAlreadyExistsException) {
      return "a file of this name is in the way";
    }
    if (cause instanceof NotDirectoryException) {
      return "not a directory";
    }
    String message = cause.getMessage();
    return message == null
        ? cause.getClass().getSimpleName()
        : message.lines().findFirst().orElse("");
  }
}
