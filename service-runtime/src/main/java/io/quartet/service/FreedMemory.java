package io.quartet.service;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import javax.management.JMException;
import javax.management.ObjectName;
import org.jboss.logging.Logger;

/**
 * Gives the memory of a stage that ended back to the operating system. Native memory and file
 * mappings go when the collector sees that their owners are gone, and an idle service may not
 * collect for hours; what is freed then stays in the C library's heap until it is trimmed, and the
 * code that was run stays mapped.
 */
public final class FreedMemory {
  private static final Logger LOG = Logger.getLogger(FreedMemory.class);
  private static final Duration NATIVE_OWNERS = Duration.ofMillis(300);

  /**
   * The compilers go on with what the stage ran hot, and leave as much as a small stage does; what
   * they hold is free once they are idle, which on a busy machine is not soon.
   */
  private static final List<Duration> LATER =
      List.of(Duration.ofSeconds(10), Duration.ofSeconds(30), Duration.ofSeconds(90));

  private FreedMemory() {}

  /** Does so now, and again when what ends lazily has ended. */
  public static void giveBack() {
    System.gc();
    try {
      Thread.sleep(NATIVE_OWNERS.toMillis()); // JavaCPP frees on a thread of its own
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    trim();
    for (Duration later : LATER) {
      CompletableFuture.delayedExecutor(later.toMillis(), TimeUnit.MILLISECONDS)
          .execute(FreedMemory::trim);
    }
  }

  private static void trim() {
    try {
      ManagementFactory.getPlatformMBeanServer()
          .invoke(
              new ObjectName("com.sun.management:type=DiagnosticCommand"),
              "systemTrimNativeHeap",
              new Object[] {},
              new String[] {});
    } catch (JMException e) {
      LOG.debug("this JVM cannot trim its C heap", e); // not glibc, or a JDK before 17.0.9
    }
    LibraryPages.giveBack();
  }
}
