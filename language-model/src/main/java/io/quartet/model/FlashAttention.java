package io.quartet.model;

import io.quartet.checkpoint.ModelConfig;
import java.util.Arrays;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.Tensor;

/**
 * Causal attention that never has the scores of all pairs, within sequences that lie one after the
 * other; Dao 2023, arXiv:2307.08691. It skips the pairs that belong to two documents, where a mask
 * would compute them in vain. libtorch has the kernels for CUDA and 16 bits only.
 *
 * @param beginsS int32 [S + 1]: where each of the flattened batch's S sequences begins, and the end
 * @param longest the most tokens that one of them has
 */
record FlashAttention(Tensor beginsS, long longest) {
  private static final int MOST_CHANNELS = 256;
  private static final int CHANNELS_OF_A_LOAD = 8;

  /** Whether there are kernels of it for a model's heads here. */
  static boolean takes(ModelConfig config, Precision precision) {
    return precision == Precision.BF16
        && config.headDimension() % CHANNELS_OF_A_LOAD == 0
        && config.headDimension() <= MOST_CHANNELS
        && TorchRuntime.cuda();
  }

  /** For the documents of a batch; what pads a row counts as one. */
  static FlashAttention of(PackedBatch batch) {
    int[] begins = begins(batch.documents());
    int longest = 0;
    for (int i = 1; i < begins.length; i++) {
      longest = Math.max(longest, begins[i] - begins[i - 1]);
    }
    return new FlashAttention(TorchRuntime.place(Tensor.create(begins)), longest);
  }

  /** Where runs of equal numbers begin within the rows, row after row, and the end of the last. */
  static int[] begins(long[][] documents) {
    int length = documents[0].length;
    int[] begins = new int[documents.length * length + 1];
    int count = 0;
    for (int row = 0; row < documents.length; row++) {
      for (int t = 0; t < length; t++) {
        if (t == 0 || documents[row][t] != documents[row][t - 1]) {
          begins[count++] = row * length + t;
        }
      }
    }
    begins[count++] = documents.length * length;
    return Arrays.copyOf(begins, count);
  }

  /**
   * softmax(q·kᵀ)·v: [N, H, C].
   *
   * @param queriesAndKeys bf16 [N, H + K, C], already shrunk by C^-¼ each
   * @param valueNKC bf16 [N, K, C], of which each is shared by H/K query heads
   */
  Tensor attend(Tensor queriesAndKeys, Tensor valueNKC) {
    long groups = valueNKC.size(1);
    long heads = queriesAndKeys.size(1) - groups;
    var stack =
        new IValueVector(
            new IValue(queriesAndKeys.narrow(1, 0, heads)),
            new IValue(queriesAndKeys.narrow(1, heads, groups)),
            new IValue(valueNKC),
            new IValue(beginsS),
            new IValue(beginsS),
            new IValue(longest),
            new IValue(longest),
            new IValue(0.0), // dropout_p
            new IValue(true), // is_causal
            new IValue(false), // return_debug_mask
            new IValue(1.0), // scale
            new IValue(), // window_size_left
            new IValue(), // window_size_right
            new IValue(), // seqused_k
            new IValue()); // alibi_slopes
    Kernel.FORWARD.callBoxed(stack);
    return stack.get(0).toTensor();
  }

  /** Looked up on first use. */
  private static final class Kernel {
    static final OperatorHandle FORWARD = forward();

    private static OperatorHandle forward() {
      OperatorHandle operator =
          Dispatcher.singleton().findSchemaOrThrow("aten::_flash_attention_forward", "");
      operator.retainReference();
      return operator;
    }
  }
}
