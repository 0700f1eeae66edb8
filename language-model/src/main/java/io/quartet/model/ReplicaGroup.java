package io.quartet.model;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/**
 * The processes that train one model together, each on its rows of every batch: replicas of the
 * same weights, which stay the same because every one applies the same sum of gradients. Each must
 * make the same calls in the same order.
 */
public interface ReplicaGroup extends AutoCloseable {
  /**
   * A process's place in a group.
   *
   * @param rank from 0, which leads: the one that restores, saves and publishes
   * @param size how many processes there are
   * @param leader where rank 0 is met, by the name that the others know it by
   * @param deadline how long the others may keep this one waiting within a step
   */
  record Seat(int rank, int size, InetSocketAddress leader, Duration deadline) {
    /** Checks that the rank is one of the group's. */
    public Seat {
      if (size < 1 || rank < 0 || rank >= size) {
        throw new IllegalArgumentException(
            "replica: got rank %d of %d, expected 0 to %d".formatted(rank, size, size - 1));
      }
    }
  }

  /** A result that other processes still contribute to. */
  interface Pending {
    /**
     * Waits for it.
     *
     * @throws io.quartet.checkpoint.QuartetException UNAVAILABLE if another process is gone or
     *     keeps this one waiting past the deadline; the group can then only be closed
     */
    void await();
  }

  /** This process's number, from 0. */
  int rank();

  /** How many processes there are. */
  int size();

  /** Whether this is the process that restores, saves and publishes. */
  default boolean leads() {
    return rank() == 0;
  }

  /** Begins to add each of these tensors, in place, to the same one of every other process. */
  Pending sum(List<Tensor> tensors);

  /**
   * The sums of numbers over all processes.
   *
   * @throws io.quartet.checkpoint.QuartetException as {@link Pending#await}
   */
  double[] sum(double... values);

  /**
   * Overwrites tensors with rank 0's.
   *
   * @throws io.quartet.checkpoint.QuartetException as {@link Pending#await}
   */
  void copyFromLeader(List<Tensor> tensors);

  /** Leaves the group; the others then fail where they wait for this process. */
  @Override
  void close();

  /** A group of one process. */
  static ReplicaGroup alone() {
    return new Alone();
  }

  /**
   * Meets the other processes.
   *
   * @param purpose what is trained; only processes of the same purpose come together
   * @param waiting called now and then until all are there; what it throws ends the waiting
   * @throws io.quartet.checkpoint.QuartetException DEADLINE_EXCEEDED if rank 0 waits too long for
   *     the others, UNAVAILABLE if one is lost on the way or the leader's port cannot be had
   */
  static ReplicaGroup join(Seat seat, String purpose, Runnable waiting) {
    return seat.size() == 1 ? alone() : new Rendezvous(seat, purpose, waiting).meet();
  }

  /** See {@link #alone}. */
  record Alone() implements ReplicaGroup {
    @Override
    public int rank() {
      return 0;
    }

    @Override
    public int size() {
      return 1;
    }

    @Override
    public Pending sum(List<Tensor> tensors) {
      return () -> {};
    }

    @Override
    public double[] sum(double... values) {
      return values;
    }

    @Override
    public void copyFromLeader(List<Tensor> tensors) {}

    @Override
    public void close() {}
  }
}
