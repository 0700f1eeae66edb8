package io.quartet.model;

import io.quartet.checkpoint.ModelConfig;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Rotary position embedding in the half-split layout of Llama on Hugging Face: channel i and i +
 * C/2 of a head turn together by position · θ^(−2i/C); Su et al. 2021, arXiv:2104.09864.
 *
 * <p>A turn is one complex multiplication if the two channels lie side by side. {@link #pairRows}
 * therefore moves the rows of the query and key projections so that they come out that way; scores
 * are sums over channels, so their order does not matter as long as it is the same for both.
 */
final class RotaryEmbedding {
  private final long channels;
  private final Tensor turnsTc;

  RotaryEmbedding(ModelConfig config) {
    channels = config.headDimension();
    int half = config.headDimension() / 2;
    int context = config.contextLength();
    // On queries and on keys: their product then has the 1/√C of the scores.
    double scale = Math.pow(config.headDimension(), -0.25);
    double[] frequencies = config.rotaryFrequencies();
    float[] turns = new float[context * half * 2];
    for (int position = 0; position < context; position++) {
      for (int pair = 0; pair < half; pair++) {
        double angle = position * frequencies[pair];
        int at = (position * half + pair) * 2;
        turns[at] = (float) (scale * Math.cos(angle));
        turns[at + 1] = (float) (scale * Math.sin(angle));
      }
    }
    turnsTc = torch.view_as_complex(Tensors.vector(turns).view(context, half, 2));
  }

  /** Complex [N, 1, C/2]: the turn of every pair at these positions [N], shrunk by C^-¼. */
  Tensor turns(Tensor positionsN) {
    return turnsTc.index_select(0, positionsN).unsqueeze(1);
  }

  /** A projection [heads · C, D] whose outputs i and i + C/2 of every head lie side by side. */
  Tensor pairRows(Tensor weight) {
    long rows = weight.size(0);
    long width = weight.size(1);
    return weight
        .view(rows / channels, 2, channels / 2, width)
        .transpose(1, 2)
        .reshape(rows, width);
  }

  /** Turns paired channels: [N, heads · C] to fp32 [N, heads, C]. */
  Tensor rotate(Tensor x, Tensor turns) {
    long heads = x.size(1) / channels;
    Tensor pairs =
        torch.view_as_complex(x.to(ScalarType.Float).view(x.size(0), heads, channels / 2, 2));
    return torch.view_as_real(pairs.mul(turns)).view(x.size(0), heads, channels);
  }
}
