package io.quartet.model;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** Small models and data of the specs. */
final class Tiny {
  static final int VOCABULARY = 48;
  static final int CONTEXT = 64;

  private Tiny() {}

  static ModelConfig config(boolean tied) {
    return new ModelConfig(
        Architecture.CAUSAL_LM,
        VOCABULARY,
        24,
        40,
        2,
        4,
        2,
        8,
        CONTEXT,
        10_000,
        1e-5,
        tied,
        0,
        0,
        5);
  }

  static CausalLm model(Precision precision, long seed) {
    return new CausalLm(config(true), precision, seed);
  }

  /** Documents of 3 to 20 random tokens. */
  static List<TokenSequence> documents(int count, long seed) {
    var random = new SplittableRandom(seed);
    var documents = new ArrayList<TokenSequence>();
    for (int i = 0; i < count; i++) {
      documents.add(TokenSequence.document(tokens(3 + random.nextInt(18), random.nextLong())));
    }
    return documents;
  }

  static int[] tokens(int count, long seed) {
    return new SplittableRandom(seed).ints(count, 6, VOCABULARY).toArray();
  }

  /** Every weight's elements, by name. */
  static Map<String, List<Float>> weights(TransformerModel model) {
    return values(model, false);
  }

  /** Every gradient's elements, by name. */
  static Map<String, List<Float>> gradients(TransformerModel model) {
    return values(model, true);
  }

  private static Map<String, List<Float>> values(TransformerModel model, boolean gradients) {
    var values = new TreeMap<String, List<Float>>();
    try (var scope = new PointerScope()) {
      model
          .weights()
          .forEach(
              (name, weight) -> {
                Tensor tensor = gradients ? weight.grad() : weight;
                if (tensor.defined()) {
                  values.put(name, list(Tensors.floats(tensor)));
                }
              });
    }
    return values;
  }

  static List<Float> list(float[] values) {
    var list = new ArrayList<Float>();
    for (float value : values) {
      list.add(value);
    }
    return list;
  }

  /** The largest difference between two sets of tensors with the same names. */
  static double distance(Map<String, List<Float>> a, Map<String, List<Float>> b) {
    if (!a.keySet().equals(b.keySet())) {
      throw new AssertionError("different tensors: " + a.keySet() + " and " + b.keySet());
    }
    double most = 0;
    for (String name : a.keySet()) {
      for (int i = 0; i < a.get(name).size(); i++) {
        most = Math.max(most, Math.abs(a.get(name).get(i) - b.get(name).get(i)));
      }
    }
    return most;
  }

  static float[] floats(double... values) {
    float[] floats = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      floats[i] = (float) values[i];
    }
    return floats;
  }
}
