package io.quartet.decoder;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Safetensors;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The Llama forward pass in plain Java and double precision, one sequence at a time, by the book.
 */
final class ReferenceModel {
  private final ModelConfig config;
  private final Precision precision;
  private final Map<String, float[]> weights = new HashMap<>();

  ReferenceModel(Path directory) {
    this(directory, Precision.FP32);
  }

  /** With matrices, and what they multiply, rounded as a precision rounds them. */
  ReferenceModel(Path directory, Precision precision) {
    this.config = ModelConfig.read(directory.resolve(ModelConfig.FILE));
    this.precision = precision;
    try (Safetensors file = Safetensors.open(directory.resolve(Checkpoint.WEIGHTS))) {
      file.names().forEach(name -> weights.put(name, rounded(file, name)));
    }
  }

  private float[] rounded(Safetensors file, String name) {
    float[] values = file.floats(name);
    Weights.format(name, precision)
        .ifPresent(
            format -> {
              int columns = (int) file.entry(name).shape()[1];
              for (int from = 0; from < values.length; from += columns) {
                float[] row = Arrays.copyOfRange(values, from, from + columns);
                System.arraycopy(QuantizedRow.of(row, format).weights(), 0, values, from, columns);
              }
            });
    return values;
  }

  /** Each block by its largest element to the integers from -127 to 127. */
  private static double[] rounded(double[] x, BlockFormat format) {
    double[] rounded = x.clone();
    for (int from = 0; from < x.length; from += format.size()) {
      int to = Math.min(x.length, from + format.size());
      double most = Arrays.stream(x, from, to).map(Math::abs).max().orElseThrow();
      for (int i = from; i < to && most > 0; i++) {
        rounded[i] = Math.rint(x[i] / most * 127) * most / 127;
      }
    }
    return rounded;
  }

  /** log p of every token of the vocabulary after each token of the sequence, [T][V]. */
  double[][] logProbabilities(int[] tokens) {
    double[][] hidden = hidden(tokens);
    String head = config.tiedEmbeddings() ? "model.embed_tokens" : "lm_head";
    double[][] result = new double[tokens.length][];
    for (int t = 0; t < tokens.length; t++) {
      double[] logits = linear(head, hidden[t]);
      double most = Double.NEGATIVE_INFINITY;
      for (double logit : logits) {
        most = Math.max(most, logit);
      }
      double sum = 0;
      for (double logit : logits) {
        sum += Math.exp(logit - most);
      }
      for (int v = 0; v < logits.length; v++) {
        logits[v] -= most + Math.log(sum);
      }
      result[t] = logits;
    }
    return result;
  }

  /** The reward head at the last token. */
  double reward(int[] tokens) {
    return linear("score", hidden(tokens)[tokens.length - 1])[0];
  }

  private double[][] hidden(int[] tokens) {
    int width = config.hiddenSize();
    double[][] h = new double[tokens.length][width];
    for (int t = 0; t < tokens.length; t++) {
      for (int d = 0; d < width; d++) {
        h[t][d] = weight("model.embed_tokens")[tokens[t] * width + d];
      }
    }
    for (int layer = 0; layer < config.layers(); layer++) {
      String block = "model.layers." + layer;
      double[][] attended = attention(block + ".self_attn.", norm(block + ".input_layernorm", h));
      for (int t = 0; t < tokens.length; t++) {
        add(h[t], attended[t]);
      }
      double[][] x = norm(block + ".post_attention_layernorm", h);
      for (int t = 0; t < tokens.length; t++) {
        double[] gate = linear(block + ".mlp.gate_proj", x[t]);
        double[] up = linear(block + ".mlp.up_proj", x[t]);
        for (int f = 0; f < gate.length; f++) {
          gate[f] = gate[f] / (1 + Math.exp(-gate[f])) * up[f];
        }
        add(h[t], linear(block + ".mlp.down_proj", gate));
      }
    }
    return norm("model.norm", h);
  }

  private double[][] attention(String prefix, double[][] x) {
    int size = config.headDimension();
    double[][] q = new double[x.length][];
    double[][] k = new double[x.length][];
    double[][] v = new double[x.length][];
    double[][] output = new double[x.length][];
    for (int t = 0; t < x.length; t++) {
      q[t] = rotate(linear(prefix + "q_proj", x[t]), t);
      k[t] = rotate(linear(prefix + "k_proj", x[t]), t);
      v[t] = linear(prefix + "v_proj", x[t]);
      double[] heads = new double[config.heads() * size];
      for (int head = 0; head < config.heads(); head++) {
        int shared = head / (config.heads() / config.keyValueHeads());
        double[] scores = new double[t + 1];
        double sum = 0;
        for (int s = 0; s <= t; s++) {
          double dot = 0;
          for (int i = 0; i < size; i++) {
            dot += q[t][head * size + i] * k[s][shared * size + i];
          }
          scores[s] = Math.exp(dot / Math.sqrt(size));
          sum += scores[s];
        }
        for (int s = 0; s <= t; s++) {
          for (int i = 0; i < size; i++) {
            heads[head * size + i] += scores[s] / sum * v[s][shared * size + i];
          }
        }
      }
      output[t] = linear(prefix + "o_proj", heads);
    }
    return output;
  }

  /** Rotary embedding: element i of a head turns with element i + H/2. */
  private double[] rotate(double[] x, int position) {
    int size = config.headDimension();
    double[] turned = new double[x.length];
    for (int from = 0; from < x.length; from += size) {
      for (int i = 0; i < size / 2; i++) {
        double angle = position * Math.pow(config.ropeTheta(), -2.0 * i / size);
        double a = x[from + i];
        double b = x[from + i + size / 2];
        turned[from + i] = a * Math.cos(angle) - b * Math.sin(angle);
        turned[from + i + size / 2] = b * Math.cos(angle) + a * Math.sin(angle);
      }
    }
    return turned;
  }

  private double[][] norm(String name, double[][] x) {
    double[][] normalised = new double[x.length][config.hiddenSize()];
    for (int t = 0; t < x.length; t++) {
      double squares = 0;
      for (double value : x[t]) {
        squares += value * value;
      }
      double root = Math.sqrt(squares / config.hiddenSize() + config.rmsNormEpsilon());
      for (int d = 0; d < config.hiddenSize(); d++) {
        normalised[t][d] = x[t][d] / root * weight(name)[d];
      }
    }
    return normalised;
  }

  private double[] linear(String name, double[] input) {
    float[] weight = weight(name);
    double[] x =
        Weights.format(name + ".weight", precision)
            .map(format -> rounded(input, format))
            .orElse(input);
    double[] y = new double[weight.length / x.length];
    for (int out = 0; out < y.length; out++) {
      for (int in = 0; in < x.length; in++) {
        y[out] += weight[out * x.length + in] * x[in];
      }
    }
    return y;
  }

  private float[] weight(String name) {
    return weights.get(name + ".weight");
  }

  private static void add(double[] sum, double[] addend) {
    for (int i = 0; i < sum.length; i++) {
      sum[i] += addend[i];
    }
  }
}
