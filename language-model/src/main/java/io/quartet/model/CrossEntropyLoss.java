package io.quartet.model;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * L = Σ w·(log Σ exp(z) − z[target]) / normaliser, over the places that have a target.
 *
 * <p>The gradient of the logits is softmax(z) − onehot(target), so it is formed at once, some rows
 * at a time, and multiplied into the gradients of the hidden states and of the output layer: the
 * logits of the whole batch never exist together, and are passed over three times instead of ten.
 */
public final class CrossEntropyLoss {
  /** Small enough for a processor's cache, large enough for a GEMM. */
  private static final long PIECE = 1L << 21;

  /** Large enough to fill a CUDA device: half a gigabyte of bf16 logits. */
  private static final long CUDA_PIECE = 1L << 28;

  private final double normaliser;
  private final double zWeight;
  private final long piece;

  /**
   * A loss divided by a number, usually the {@link PackedBatch#targetWeight()} of all parts of the
   * step.
   */
  public CrossEntropyLoss(double normaliser) {
    this(normaliser, 0);
  }

  /**
   * The same with z-loss: each place's loss is raised by a multiple of (log Σ exp(z))², which keeps
   * the logits from drifting (Chowdhery et al. 2022, arXiv:2204.02311).
   */
  public CrossEntropyLoss(double normaliser, double zWeight) {
    this(normaliser, zWeight, piece());
  }

  /** The same in pieces of another size, in rows times vocabulary. */
  CrossEntropyLoss(double normaliser, double zWeight, long piece) {
    this.normaliser = normaliser;
    this.zWeight = zWeight;
    this.piece = piece;
  }

  /** Rows times vocabulary of one piece. */
  static long piece() {
    return TorchRuntime.cuda() ? CUDA_PIECE : PIECE;
  }

  /** The loss of a batch; gradients are prepared only if grad mode is on. */
  public Loss of(CausalLm model, PackedBatch batch) {
    return of(model, batch, 1);
  }

  /** The same times a factor, for a share of a loss of several parts. */
  public Loss of(CausalLm model, PackedBatch batch, double factor) {
    long[] rows = batch.targetRows();
    if (rows.length == 0) {
      return Loss.of(torch.zeros(new long[0]).requires_grad_(true));
    }
    Tensor hiddenRD = model.hidden(batch, rows);
    model.countHead(rows.length);
    return new Fused(
        model,
        hiddenRD,
        Tensors.vector(batch.targetTokens()).view(-1, 1),
        scales(batch, rows, factor),
        zWeight,
        Math.max(1, piece / model.config().vocabularySize()));
  }

  private Tensor scales(PackedBatch batch, long[] rows, double factor) {
    float[] scales = new float[rows.length];
    for (int i = 0; i < rows.length; i++) {
      scales[i] = (float) (factor * batch.weight(rows[i]) / normaliser);
    }
    return Tensors.vector(scales).view(-1, 1);
  }

  private static final class Fused implements Loss {
    private final CausalLm model;
    private final Tensor hiddenRD;
    private final boolean frozen;
    private final List<Tensor> hiddenGradients = new ArrayList<>();
    private final double value;
    private final double zWeight;
    private Tensor outputGradient;

    Fused(
        CausalLm model,
        Tensor hiddenRD,
        Tensor targetsR1,
        Tensor scalesR1,
        double zWeight,
        long piece) {
      this.model = model;
      this.zWeight = zWeight;
      this.hiddenRD = hiddenRD;
      this.frozen = !model.output().requires_grad();
      boolean training = GradMode.is_enabled();
      try (var off = new NoGradGuard()) {
        Tensor outputVD = model.output().to(hiddenRD.scalar_type());
        outputGradient = torch.zeros(0);
        long rows = hiddenRD.size(0);
        double sum = 0;
        for (long from = 0; from < rows; from += piece) {
          long count = Math.min(piece, rows - from);
          Tensor hidden = hiddenRD.detach().narrow(0, from, count);
          Tensor targets = targetsR1.narrow(0, from, count);
          Tensor scales = scalesR1.narrow(0, from, count);
          sum += piece(hidden, outputVD, targets, scales, training);
        }
        value = sum;
      }
    }

    private double piece(
        Tensor hiddenRD, Tensor outputVD, Tensor targetsR1, Tensor scalesR1, boolean training) {
      Tensor logitsRV = torch.mm(hiddenRD, outputVD.t());
      Tensor softmaxRV = torch.softmax(logitsRV, 1);
      Tensor chosenR1 = softmaxRV.gather(1, targetsR1).to(ScalarType.Float);
      Tensor lossR1 = chosenR1.clamp_min(new Scalar(Float.MIN_NORMAL)).log().neg();
      Tensor partitionR1 = logitsRV.gather(1, targetsR1).to(ScalarType.Float).add_(lossR1);
      double sum = lossR1.mul(scalesR1).sum().item_float();
      if (zWeight > 0) {
        sum += zWeight * partitionR1.square().mul_(scalesR1).sum().item_float();
      }
      if (training) {
        Tensor gradientRD = torch.zeros_like(hiddenRD);
        if (zWeight > 0) {
          // Apart from the other part, beside which bf16 would round it away.
          Tensor scaleR1 = partitionR1.mul(new Scalar(2 * zWeight)).mul_(scalesR1);
          backward(hiddenRD, outputVD, softmaxRV, scaleR1, gradientRD);
        }
        softmaxRV.scatter_add_(
            1, targetsR1, torch.full_like(targetsR1, new Scalar(-1)).to(softmaxRV.scalar_type()));
        backward(hiddenRD, outputVD, softmaxRV, scalesR1, gradientRD);
        hiddenGradients.add(gradientRD);
      }
      return sum;
    }

    /** Adds the gradients that logits' gradients, each row times its scale, make. */
    private void backward(
        Tensor hiddenRD, Tensor outputVD, Tensor logitsRV, Tensor scalesR1, Tensor gradientRD) {
      Tensor scale = scalesR1.to(hiddenRD.scalar_type());
      gradientRD.add_(torch.mm(logitsRV, outputVD).mul_(scale));
      if (frozen) {
        return;
      }
      Tensor gradientVD = torch.mm(logitsRV.t(), hiddenRD.mul(scale)).to(ScalarType.Float);
      outputGradient = outputGradient.numel() == 0 ? gradientVD : outputGradient.add_(gradientVD);
    }

    @Override
    public double value() {
      return value;
    }

    @Override
    public void backward() {
      if (!frozen) {
        // First: a tied embedding then gets both its gradients in this order, recomputed or not.
        add(outputGradient, model.output().mutable_grad());
      }
      Tensor[] pieces = hiddenGradients.toArray(new Tensor[0]);
      hiddenRD.backward(torch.cat(new TensorVector(pieces), 0), new BoolOptional(), false, null);
    }

    private static void add(Tensor part, Tensor gradient) {
      try (var off = new NoGradGuard()) {
        if (gradient.defined()) {
          gradient.add_(part);
        } else {
          gradient.put(part);
        }
      }
    }
  }
}
