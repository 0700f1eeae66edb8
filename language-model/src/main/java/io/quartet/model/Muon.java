package io.quartet.model;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Muon's update of a matrix: Nesterov momentum, then the nearest semi-orthogonal matrix by five
 * Newton-Schulz iterations (Jordan et al. 2024), scaled by 0.2 √max(rows, columns) so that its root
 * mean square is that of AdamW's and one learning rate serves both (Liu et al. 2025,
 * arXiv:2502.16982).
 */
final class Muon {
  private static final double MOMENTUM = 0.95;
  private static final double RMS = 0.2;
  private static final int ITERATIONS = 5;
  private static final float[] QUINTIC = {3.4445f, -4.7750f, 2.0315f};

  private Muon() {}

  /** Updates a weight [R, C] and its momentum in place; grad mode must be off. */
  static void update(Tensor weightRC, Tensor gradientRC, Tensor momentumRC, double rate) {
    momentumRC.mul_(new Scalar(MOMENTUM)).add_(gradientRC);
    Tensor directionRC = gradientRC.add(momentumRC, new Scalar(MOMENTUM));
    double scale = RMS * Math.sqrt(Math.max(weightRC.size(0), weightRC.size(1)));
    weightRC.add_(orthogonal(directionRC), new Scalar(-rate * scale));
  }

  /** A matrix with the same singular vectors whose singular values are all near 1. */
  static Tensor orthogonal(Tensor matrixRC) {
    boolean tall = matrixRC.size(0) > matrixRC.size(1);
    Tensor x = tall ? matrixRC.t() : matrixRC;
    x = x.div(x.norm().add(new Scalar(1e-7)));
    for (int i = 0; i < ITERATIONS; i++) {
      Tensor square = torch.mm(x, x.t());
      Tensor polynomial =
          square.mul(new Scalar(QUINTIC[1])).add_(torch.mm(square, square), new Scalar(QUINTIC[2]));
      x = x.mul(new Scalar(QUINTIC[0])).add_(torch.mm(polynomial, x));
    }
    return tall ? x.t() : x;
  }
}
