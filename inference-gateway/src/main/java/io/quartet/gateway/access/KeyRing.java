package io.quartet.gateway.access;

import static io.quartet.checkpoint.ErrorCode.UNAUTHENTICATED;

import io.quartet.checkpoint.QuartetException;
import io.quartet.keys.ApiKey;
import io.quartet.keys.ApiKeyFile;
import io.quartet.keys.PlainKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Recognises callers by their keys. The file is read again when it has changed, so that a key is
 * given or taken without a restart; one that cannot be read leaves the old keys in force. Safe for
 * any thread.
 */
public final class KeyRing {
  private static final Logger LOG = Logger.getLogger(KeyRing.class);
  private static final Duration LOOK = Duration.ofSeconds(2);
  private static final String SCHEME = "Bearer ";

  /** Compared with where there is no such key, so that the answer takes as long. */
  private static final ApiKey NOBODY =
      new ApiKey(
          "0".repeat(12),
          "nobody",
          "0".repeat(64),
          OptionalInt.empty(),
          OptionalInt.empty(),
          io.quartet.keys.Priority.BATCH,
          false);

  private final @Nullable Path file;
  private final LongSupplier nanoTime;
  private Map<String, Caller> callers = Map.of(); // by key id; guarded by this
  private @Nullable FileTime changed; // guarded by this
  private long looked; // guarded by this

  private KeyRing(@Nullable Path file, LongSupplier nanoTime) {
    this.file = file;
    this.nanoTime = nanoTime;
  }

  /** No keys: everybody is {@link Caller#ANYBODY}. */
  public static KeyRing none() {
    return new KeyRing(null, System::nanoTime);
  }

  /**
   * The keys of a file.
   *
   * @param nanoTime a clock in nanoseconds
   * @throws QuartetException as {@link ApiKeyFile#read}
   */
  public static KeyRing of(Path file, LongSupplier nanoTime) {
    var ring = new KeyRing(file, nanoTime);
    synchronized (ring) {
      ring.changed = lastChange(file);
      ring.looked = nanoTime.getAsLong();
      ring.take(new ApiKeyFile(file).read());
    }
    return ring;
  }

  /** Whether a key is needed. */
  public boolean needed() {
    return file != null;
  }

  /**
   * The owner of the key in an {@code authorization} header.
   *
   * @param authorization {@code Bearer KEY}
   * @throws QuartetException UNAUTHENTICATED if there is none, or nobody's; the key is not told
   */
  public Caller caller(@Nullable String authorization) {
    if (file == null) {
      return Caller.ANYBODY;
    }
    if (authorization == null
        || !authorization.regionMatches(true, 0, SCHEME, 0, SCHEME.length())) {
      throw new QuartetException(
          UNAUTHENTICATED, "authorization: none, expected 'Bearer ' and an API key");
    }
    PlainKey shown = PlainKey.parse(authorization.substring(SCHEME.length()).strip()).orElse(null);
    Caller caller = shown == null ? null : find(shown.id());
    ApiKey kept = caller == null ? NOBODY : caller.key();
    boolean right = shown != null && kept != null && shown.is(kept);
    if (!right || caller == null) {
      throw new QuartetException(UNAUTHENTICATED, "authorization: no such API key");
    }
    return caller;
  }

  private synchronized @Nullable Caller find(String id) {
    long now = nanoTime.getAsLong();
    if (now - looked >= LOOK.toNanos()) {
      looked = now;
      readAgain();
    }
    return callers.get(id);
  }

  private void readAgain() {
    if (file == null) {
      return;
    }
    FileTime change = lastChange(file);
    if (change == null || change.equals(changed)) {
      return;
    }
    changed = change;
    try {
      take(new ApiKeyFile(file).read());
      LOG.infof("%s: %d keys", file, callers.size());
    } catch (QuartetException e) {
      LOG.errorf("the keys stay as they were: %s", e.getMessage());
    }
  }

  /** A key that is what it was keeps what is left of its quotas. */
  private void take(List<ApiKey> keys) {
    Map<String, Caller> next = new HashMap<>();
    for (ApiKey key : keys) {
      Caller known = callers.get(key.id());
      next.put(
          key.id(), known != null && key.equals(known.key()) ? known : new Caller(key, nanoTime));
    }
    callers = next;
  }

  private static @Nullable FileTime lastChange(Path file) {
    try {
      return Files.getLastModifiedTime(file);
    } catch (IOException e) {
      return null; // reading it says why
    }
  }
}
