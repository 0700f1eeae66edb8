package io.quartet.gateway;

import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.ScoredToken;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The tokens that readers have still to take, of all answers together. A slow reader holds no slot,
 * so nothing else bounds how many of them there are. What was given to the network counts until it
 * takes more or the call is over. Safe for any thread.
 */
final class Unread {
  /** A token on the heap, about, or one of its alternatives: each counts as one. */
  private static final long BYTES = 32;

  /** An answer without its tokens, in tokens. */
  private static final int ANSWER = 64;

  private static final int PART_OF_HEAP = 4;
  private static final Duration AWHILE = Duration.ofSeconds(1);

  private final long most;
  private final AtomicLong tokens = new AtomicLong();

  /**
   * @param heap bytes that the process may use
   */
  Unread(long heap) {
    this.most = heap / PART_OF_HEAP / BYTES;
  }

  /** How many there are. */
  long tokens() {
    return tokens.get();
  }

  /** Lets a question in; RESOURCE_EXHAUSTED for now if readers hold too much already. */
  void requireRoom() {
    long now = tokens.get();
    if (now > most) {
      throw QuartetException.retryLater(
          "readers have %d tokens still to take, expected at most %d; try again later"
              .formatted(now, most),
          AWHILE);
    }
  }

  /**
   * What the reader of one more answer has still to take.
   *
   * @param echoed tokens of the prompt that come before it; they count until the call is over
   */
  Share share(int echoed) {
    return new Share(ANSWER + echoed);
  }

  /** One answer's part. */
  final class Share {
    private long held; // guarded by this
    private long sent; // of those; guarded by this
    private boolean over; // guarded by this

    private Share(long always) {
      add(always);
    }

    /** Tokens came. */
    synchronized void came(List<ScoredToken> more) {
      if (!over) {
        add(size(more));
      }
    }

    /** Tokens that came are on their way to the reader, who has not taken them by that. */
    synchronized void sent(List<ScoredToken> some) {
      sent += size(some);
    }

    /** The reader has taken what was sent. */
    synchronized void taken() {
      if (!over) {
        add(-sent);
      }
      sent = 0;
    }

    /** The reader has all or has left. */
    synchronized void end() {
      over = true;
      add(-held);
    }

    private void add(long change) {
      held += change;
      tokens.addAndGet(change);
    }

    private static long size(List<ScoredToken> some) {
      long size = some.size();
      for (ScoredToken token : some) {
        size += token.alternatives().size();
      }
      return size;
    }
  }
}
