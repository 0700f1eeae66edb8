package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Memory outside the heap that is given back when it is closed. A direct buffer alone is given back
 * only when the collector finds it, which for a process with a small, quiet heap may be never.
 */
final class DirectMemory implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.find();

  private final ByteBuffer buffer;

  private DirectMemory(ByteBuffer buffer) {
    this.buffer = buffer;
  }

  /**
   * Zeroed memory in native byte order.
   *
   * @param what who needs it, for the message
   * @throws QuartetException RESOURCE_EXHAUSTED if there is not enough, or 2 GiB and more are asked
   */
  static DirectMemory allocate(long bytes, String what) {
    if (bytes > Integer.MAX_VALUE) {
      throw exhausted(what, bytes, "at most 2 GiB in one piece");
    }
    try {
      return new DirectMemory(ByteBuffer.allocateDirect((int) bytes));
    } catch (OutOfMemoryError e) {
      throw exhausted(what, bytes, "less, or a larger -XX:MaxDirectMemorySize");
    }
  }

  /** The memory; must not be touched after {@link #close}. */
  ByteBuffer buffer() {
    return buffer.duplicate().order(ByteOrder.nativeOrder());
  }

  @Override
  public void close() {
    CLEANER.clean(buffer);
  }

  private static QuartetException exhausted(String what, long bytes, String expected) {
    return new QuartetException(
        ErrorCode.RESOURCE_EXHAUSTED,
        "%s: %d MB of memory outside the heap, expected %s".formatted(what, bytes >> 20, expected));
  }

  /** The JDK's only door to this before java.lang.foreign: module jdk.unsupported. */
  private record Cleaner(Object unsafe, Method invokeCleaner) {
    static Cleaner find() {
      try {
        Class<?> type = Class.forName("sun.misc.Unsafe");
        Field instance = type.getDeclaredField("theUnsafe");
        instance.setAccessible(true);
        return new Cleaner(instance.get(null), type.getMethod("invokeCleaner", ByteBuffer.class));
      } catch (ReflectiveOperationException e) {
        throw new ExceptionInInitializerError(e);
      }
    }

    void clean(ByteBuffer buffer) {
      try {
        invokeCleaner.invoke(unsafe, buffer);
      } catch (IllegalAccessException | InvocationTargetException e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
