package io.quartet.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A pass through the blocks that keeps only what enters each, and computes the rest again when the
 * gradient comes back; Chen et al. 2016, arXiv:1604.06174. The activations of one block are all
 * that ever exist. Beside frozen weights that costs what the weights' gradients would have.
 */
final class Recomputation {
  private final List<TransformerBlock> blocks;
  private final Passage passage;
  private final @Nullable Tensor rowsR;
  private final List<Tensor> inputsND = new ArrayList<>();
  private final Tensor outputRD;

  /** Passes through the blocks. The pointer scope around it owns what is kept. */
  Recomputation(
      List<TransformerBlock> blocks, Tensor hND, Passage passage, @Nullable Tensor rowsR) {
    this.blocks = Collections.unmodifiableList(blocks);
    this.passage = passage;
    this.rowsR = rowsR;
    Tensor h = hND;
    try (var off = new NoGradGuard()) {
      for (int i = 0; i < blocks.size(); i++) {
        inputsND.add(h);
        h = forward(i, h);
      }
    }
    outputRD = h.detach().requires_grad_(true);
  }

  /** What leaves the last block: a leaf, whose gradient {@link #backward} takes on. */
  Tensor outputRD() {
    return outputRD;
  }

  /** From the output's gradient to those of the weights, the embedding's if it is trained. */
  void backward() {
    Tensor gradient = outputRD.grad();
    Tensor embeddedND = inputsND.get(0);
    boolean embeddingTrained = embeddedND.requires_grad();
    for (int i = blocks.size() - 1; i >= 0 && gradient.defined(); i--) {
      PointerScope outer = PointerScope.getInnerScope();
      try (var scope = new PointerScope()) {
        Tensor xND = inputsND.get(i).detach().requires_grad_(i > 0 || embeddingTrained);
        block(i, xND).backward(gradient, new BoolOptional(), false, null);
        // grad() points into its tensor, which ends here.
        gradient = InnerScope.kept(outer, new Tensor(xND.grad()));
      }
    }
    if (embeddingTrained && gradient.defined()) {
      embeddedND.backward(gradient, new BoolOptional(), false, null);
    }
  }

  private Tensor forward(int i, Tensor h) {
    return InnerScope.keeping(() -> block(i, h));
  }

  private Tensor block(int i, Tensor h) {
    return blocks.get(i).forward(h, passage, i == blocks.size() - 1 ? rowsR : null);
  }
}
