package io.quartet.gateway;

import java.util.ArrayList;
import java.util.List;

/** Tells all answers that one reader reads of its coming and going. Safe for any thread. */
public final class ReaderSignals {
  private final List<Runnable> wakes = new ArrayList<>();
  private final List<Runnable> cancels = new ArrayList<>();
  private boolean gone;

  /** An answer joins, as in {@link AnswerSink#connect}; one that is late is cancelled at once. */
  public void connect(Runnable wake, Runnable cancel) {
    synchronized (this) {
      if (!gone) {
        wakes.add(wake);
        cancels.add(cancel);
        return;
      }
    }
    cancel.run();
  }

  /** The reader can take more. */
  public void wake() {
    List<Runnable> all;
    synchronized (this) {
      all = List.copyOf(wakes);
    }
    all.forEach(Runnable::run);
  }

  /** The reader is gone, wants no more, or has all; an idle connection then keeps no answer. */
  public void leave() {
    List<Runnable> all;
    synchronized (this) {
      gone = true;
      all = List.copyOf(cancels);
      wakes.clear();
      cancels.clear();
    }
    all.forEach(Runnable::run);
  }

  /** Whether the reader is gone. */
  public synchronized boolean gone() {
    return gone;
  }
}
