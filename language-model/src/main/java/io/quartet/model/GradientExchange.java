package io.quartet.model;

import io.quartet.model.AdamW.Slot;
import io.quartet.model.ReplicaGroup.Pending;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorBase;
import org.bytedeco.pytorch.VoidTensorHook;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Adds the gradients of a {@link ReplicaGroup} while the backward passes still run; Li et al. 2020,
 * arXiv:2006.15704. A bucket is a block of the transformer, the last block first, as a backward
 * pass completes them; what lies outside of blocks, and may be touched to the very end, is the last
 * bucket. Buckets are sent in this order in every process, since the n-th sum of one meets the n-th
 * of the others.
 *
 * <p>Autograd calls a weight's hook just before it adds to that weight's gradient, and reaches a
 * block only when it is done with the next: a hook in block i says that all blocks above i are
 * complete.
 */
final class GradientExchange {
  private static final Pattern BLOCK = Pattern.compile("\\.layers\\.(\\d+)\\.");

  private final ReplicaGroup group;
  private final Consumer<Slot> addReplicas;
  private final List<List<Slot>> buckets = new ArrayList<>();
  private final List<VoidTensorHook> hooks = new ArrayList<>();
  private final int[] partsLeft;
  private final int[] complete;
  private final Deque<Pending> sent = new ArrayDeque<>();
  private int next;
  private @Nullable RuntimeException failure;

  /**
   * An exchange of a model's gradients.
   *
   * @param slots the weights that are trained
   * @param replicaWeights each worker's weights by name
   * @param addReplicas adds the workers' gradients of one weight to the model's own
   */
  GradientExchange(
      ReplicaGroup group,
      Collection<Slot> slots,
      List<Map<String, Tensor>> replicaWeights,
      Consumer<Slot> addReplicas) {
    this.group = group;
    this.addReplicas = addReplicas;
    this.partsLeft = new int[replicaWeights.size()];
    this.complete = new int[replicaWeights.size()];
    if (group.size() == 1) {
      return;
    }
    var blocks = new TreeMap<Integer, List<Slot>>(Comparator.reverseOrder());
    for (Slot slot : slots) {
      blocks.computeIfAbsent(block(slot), block -> new ArrayList<>()).add(slot);
    }
    buckets.addAll(blocks.values());
    for (int bucket = 1; bucket < buckets.size(); bucket++) {
      Slot first = buckets.get(bucket).get(0);
      for (int worker = 0; block(first) >= 0 && worker < complete.length; worker++) {
        Tensor weight = replicaWeights.get(worker).get(first.name());
        if (weight != null) {
          weight.register_hook(hook(worker, bucket));
        }
      }
    }
  }

  private static int block(Slot slot) {
    Matcher matcher = BLOCK.matcher(slot.name());
    return matcher.find() ? Integer.parseInt(matcher.group(1)) : -1;
  }

  private VoidTensorHook hook(int worker, int bucket) {
    var hook =
        new VoidTensorHook() {
          @Override
          public void call(TensorBase gradient) {
            try {
              reached(worker, bucket);
            } catch (RuntimeException e) {
              fail(e); // nothing may be thrown through autograd
            }
          }
        };
    hooks.add(hook);
    return hook;
  }

  /** Before the backward passes of a step with so many parts. */
  synchronized void begin(int parts) {
    next = 0;
    failure = null;
    Arrays.fill(complete, 0);
    for (int worker = 0; worker < complete.length; worker++) {
      partsLeft[worker] = (parts - worker + complete.length - 1) / complete.length;
      complete[worker] = partsLeft[worker] > 0 ? 0 : buckets.size();
    }
  }

  /** A worker's backward pass has reached a bucket; it counts in the worker's last pass only. */
  private synchronized void reached(int worker, int bucket) {
    if (partsLeft[worker] == 1) {
      if (bucket <= complete[worker]) { // what is sent already would lack something
        throw new IllegalStateException("a part's backward pass came to a block more than once");
      }
      complete[worker] = bucket;
      send();
    }
  }

  /** After each of a worker's backward passes. */
  synchronized void passed(int worker) {
    partsLeft[worker]--;
    if (partsLeft[worker] == 0) {
      complete[worker] = buckets.size();
      send();
    }
  }

  private synchronized void fail(RuntimeException e) {
    if (failure == null) {
      failure = e;
    }
  }

  private void send() {
    int ready = Arrays.stream(complete).min().orElseThrow();
    while (failure == null && next < ready) {
      sent.add(group.sum(gradients(buckets.get(next++))));
    }
  }

  private List<Tensor> gradients(List<Slot> bucket) {
    var gradients = new ArrayList<Tensor>();
    try (var off = new NoGradGuard()) {
      for (Slot slot : bucket) {
        addReplicas.accept(slot);
        Tensor gradient = slot.weight().mutable_grad();
        if (!gradient.defined()) { // nothing reached it here, but maybe elsewhere
          gradient.put(torch.zeros_like(slot.weight()));
        }
        gradients.add(gradient);
      }
    }
    return gradients;
  }

  /**
   * Waits until the model's gradients are those of the whole group.
   *
   * @throws io.quartet.checkpoint.QuartetException as {@link Pending#await}
   */
  synchronized void finish() {
    try (var scope = new PointerScope()) {
      send(); // what is left of a step of which this process has no part
    }
    RuntimeException first = failure;
    while (!sent.isEmpty()) {
      try {
        sent.remove().await();
      } catch (RuntimeException e) {
        first = first == null ? e : first;
      }
    }
    if (first != null) {
      throw first;
    }
  }

  /** Whether gradients are added by this, not by the caller. */
  boolean active() {
    return group.size() > 1;
  }
}
