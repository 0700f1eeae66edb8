package io.quartet.cli.stack;

import io.quartet.checkpoint.QuartetException;
import java.util.SplittableRandom;

/** Ports for a test's stack that nobody on this machine has, not even another test run. */
public final class FreePorts {
  private static final int LOW = 20_000;
  private static final int HIGH = 30_000;

  private FreePorts() {}

  /** Ports that were all free a moment ago. */
  public static Ports choose() {
    SplittableRandom random = new SplittableRandom();
    for (int attempt = 0; attempt < 100; attempt++) {
      Ports ports = new Ports(Ports.LOOPBACK, random.nextInt(LOW, HIGH));
      if (free(ports)) {
        return ports;
      }
    }
    throw new AssertionError("no free ports between %d and %d".formatted(LOW, HIGH));
  }

  private static boolean free(Ports ports) {
    try {
      for (int offset = 0; offset < Ports.SPAN; offset++) {
        ports.requireFree(ports.at(offset), "a test");
      }
      return true;
    } catch (QuartetException taken) {
      return false;
    }
  }
}
