package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.List;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Backend;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;

/** A group over one of torch's own backends (c10d): Gloo, whose result is the same on each rank. */
final class TorchReplicaGroup implements ReplicaGroup {
  private final Seat seat;
  private final List<? extends Store> stores;
  private final Backend backend;

  /**
   * Takes all into its keeping.
   *
   * @param stores what the backend talks through, each before the one that it stands on
   */
  TorchReplicaGroup(Seat seat, List<? extends Store> stores, Backend backend) {
    this.seat = seat;
    this.stores = stores;
    this.backend = backend;
  }

  @Override
  public int rank() {
    return seat.rank();
  }

  @Override
  public int size() {
    return seat.size();
  }

  @Override
  public Pending sum(List<Tensor> tensors) {
    return call(() -> backend.allreduce_coalesced(vector(tensors)));
  }

  @Override
  public double[] sum(double... values) {
    try (var scope = new PointerScope()) {
      Tensor sums = TorchRuntime.place(Tensor.create(values));
      call(() -> backend.allreduce(new TensorVector(sums))).await();
      double[] result = new double[values.length];
      sums.cpu().data_ptr_double().get(result);
      return result;
    }
  }

  @Override
  public void copyFromLeader(List<Tensor> tensors) {
    for (Tensor tensor : tensors) {
      call(() -> backend.broadcast(new TensorVector(tensor))).await();
    }
  }

  private static TensorVector vector(List<Tensor> tensors) {
    return new TensorVector(tensors.toArray(new Tensor[0]));
  }

  private interface Collective {
    Work begin();
  }

  private Pending call(Collective collective) {
    // The work outlives the scope of whoever begins it, which may be another thread's.
    try (var scope = new PointerScope()) {
      Work work = collective.begin().retainReference();
      return () -> await(work);
    } catch (RuntimeException e) {
      throw lost(seat, e);
    }
  }

  private void await(Work work) {
    try (var scope = new PointerScope()) {
      work._wait(new Milliseconds(seat.deadline().toMillis()));
    } catch (RuntimeException e) {
      throw lost(seat, e);
    } finally {
      work.releaseReference();
    }
  }

  /** Says what befell the group; Gloo's message begins with its own source file. */
  static QuartetException lost(Seat seat, RuntimeException failure) {
    if (failure instanceof QuartetException known) {
      return known;
    }
    String line =
        Objects.requireNonNullElse(failure.getMessage(), failure.getClass().getSimpleName())
            .lines()
            .findFirst()
            .orElse("")
            .replaceFirst("^\\[[^\\]]*\\] ", "");
    String cause =
        line.contains("imed out")
            ? "no answer within %d seconds".formatted(seat.deadline().toSeconds())
            : line;
    return new QuartetException(
        ErrorCode.UNAVAILABLE,
        "replica %d of %d has lost another one: %s".formatted(seat.rank(), seat.size(), cause),
        failure);
  }

  /**
   * In this order: a store that is closed is deleted, whoever still counts on it, and the backend
   * would write its count into memory that is another's by then.
   */
  @Override
  public void close() {
    backend.close();
    stores.forEach(Store::close);
  }
}
