package io.quartet.decoder;

import io.quartet.checkpoint.ModelConfig;
import io.quartet.decoder.OnnxGraph.ElementType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The forward pass of a model as an ONNX graph, weights under their Hugging Face names.
 *
 * <p>B sequences, T new tokens, S cache positions, R rows that reach the head, D model, N query
 * heads, K key-value heads, H head dimension, V vocabulary.
 *
 * <p>RMSNorm (arXiv:1910.07467), rotary embedding in two halves (arXiv:2104.09864), grouped-query
 * attention (arXiv:2305.13245), SwiGLU (arXiv:2002.05202).
 */
final class DecoderGraph {
  /** INT64 [B, T]: the new tokens, padded on the right. */
  static final String TOKENS = "tokens";

  /** INT32 [B]: the position of each sequence's last token, counted from 0. */
  static final String LAST_POSITIONS = "last_positions";

  /** INT32 scalar: the most tokens of any sequence, cached and new. */
  static final String LONGEST = "longest";

  /** INT64 [R, 2]: the (sequence, new token) pairs that go through the head. */
  static final String ROWS = "rows";

  /** FLOAT [R, 1]: one over the temperature; generation only. */
  static final String INVERSE_TEMPERATURES = "inverse_temperatures";

  /** INT64 [R, 1]: the token whose log-probability is asked for; scoring only. */
  static final String TARGETS = "targets";

  /** FLOAT [R, V], without temperature; generation only. */
  static final String LOGITS = "logits";

  /** FLOAT [R, V] (generation) or [R, 1] (scoring), in nats, without temperature. */
  static final String LOG_PROBABILITIES = "log_probabilities";

  /** INT64 [R, 1]: the likeliest token; prediction only. */
  static final String LIKELIEST = "likeliest";

  /** FLOAT [R, V]: softmax(logits / temperature); generation only. */
  static final String PROBABILITIES = "probabilities";

  /** FLOAT [R, 1]; reward models only. */
  static final String REWARDS = "rewards";

  /**
   * FLOAT [heads]: a score beside those of the keys, whose exponential is 0 (attention sinks,
   * arXiv:2309.17453), so it changes no bit. A node that has it computes each row's softmax over
   * the keys that the row may see; without it ONNX Runtime takes a tiled kernel that also computes
   * what is masked. Scoring keeps the latter, which does not hold all scores of a sequence at once.
   */
  private static final String NO_SINK = "attention.no_sink";

  private final OnnxGraph graph;
  private final ModelConfig config;
  private final Weights weights;
  private final WeightProducts products;
  private final boolean cached;

  private DecoderGraph(String name, Weights weights, boolean cached) {
    this.graph = new OnnxGraph(name);
    this.config = weights.config();
    this.weights = weights;
    this.products = new WeightProducts(graph, weights);
    this.cached = cached;
  }

  /**
   * Next-token distributions over a cache. Each layer i reads {@code past.i.key} and {@code
   * past.i.value} and writes {@code present.i.key} and {@code present.i.value}, FLOAT [B, K, S, H];
   * given the same buffer for both, it writes in place.
   */
  static byte[] generation(Weights weights) {
    var decoder = new DecoderGraph("generation", weights, true);
    String logits = decoder.products.linear(LOGITS, decoder.hiddenRD(), weights.head());
    OnnxGraph graph = decoder.graph;
    int vocabulary = decoder.config.vocabularySize();
    graph.input(INVERSE_TEMPERATURES, ElementType.FLOAT, "R", 1);
    graph.output(LOGITS, ElementType.FLOAT, "R", vocabulary);
    graph.output(LOG_PROBABILITIES, ElementType.FLOAT, "R", vocabulary);
    graph.output(PROBABILITIES, ElementType.FLOAT, "R", vocabulary);
    graph.standard("LogSoftmax", LOG_PROBABILITIES, Map.of("axis", -1), logits);
    String scaled =
        graph.standard("Mul", "scaled", Map.of(), LOG_PROBABILITIES, INVERSE_TEMPERATURES);
    graph.standard("Softmax", PROBABILITIES, Map.of("axis", -1), scaled);
    return graph.toModel();
  }

  /** Log-probabilities of given tokens, without a cache. */
  static byte[] logProbabilities(Weights weights) {
    return ofTargets(weights).graph.toModel();
  }

  /** Log-probabilities of given tokens, and the likeliest tokens beside them, without a cache. */
  static byte[] predictions(Weights weights) {
    OnnxGraph graph = ofTargets(weights).graph;
    graph.output(LIKELIEST, ElementType.INT64, "R", 1);
    graph.standard("ArgMax", LIKELIEST, Map.of("axis", 1), "logits");
    return graph.toModel();
  }

  private static DecoderGraph ofTargets(Weights weights) {
    var decoder = new DecoderGraph("log_probabilities", weights, false);
    String logits = decoder.products.linear("logits", decoder.hiddenRD(), weights.head());
    OnnxGraph graph = decoder.graph;
    graph.input(TARGETS, ElementType.INT64, "R", 1);
    graph.output(LOG_PROBABILITIES, ElementType.FLOAT, "R", 1);
    String all = graph.standard("LogSoftmax", "log_softmax", Map.of("axis", -1), logits);
    graph.standard("GatherElements", LOG_PROBABILITIES, Map.of("axis", 1), all, TARGETS);
    return decoder;
  }

  /** One reward for each row, without a cache. */
  static byte[] rewards(Weights weights) {
    var decoder = new DecoderGraph("rewards", weights, false);
    decoder.graph.output(REWARDS, ElementType.FLOAT, "R", 1);
    decoder.products.linear(REWARDS, decoder.hiddenRD(), Weights.REWARD_HEAD);
    return decoder.graph.toModel();
  }

  static String past(int layer, String keyOrValue) {
    return "past." + layer + "." + keyOrValue;
  }

  static String present(int layer, String keyOrValue) {
    return "present." + layer + "." + keyOrValue;
  }

  /** The final, normalised hidden state of the rows that go through the head. */
  private String hiddenRD() {
    weights.declareAll(graph);
    graph.input(TOKENS, ElementType.INT64, "B", "T");
    graph.input(LAST_POSITIONS, ElementType.INT32, "B");
    graph.input(LONGEST, ElementType.INT32);
    graph.input(ROWS, ElementType.INT64, "R", 2);
    rotaryTables();
    if (cached) {
      float[] sinks = new float[config.heads()];
      Arrays.fill(sinks, -Float.MAX_VALUE);
      graph.constant(NO_SINK, sinks, sinks.length);
    }
    String embedded = products.embedding(Weights.EMBEDDING, TOKENS);
    String first = "model.layers.0.input_layernorm";
    var state = new Residual(embedded, rmsNorm(first, embedded));
    for (int layer = 0; layer < config.layers(); layer++) {
      state = block(layer, state);
    }
    return state.normalised;
  }

  /** h ← h + attention(norm(h)); h ← h + mlp(norm(h)); the norms' results travel beside h. */
  private Residual block(int layer, Residual state) {
    String block = "model.layers." + layer;
    String attended = attention(layer, block + ".self_attn.", state.normalised);
    String sum = state.sum;
    boolean last = layer == config.layers() - 1;
    if (last) {
      // Nothing reads the other rows' output any more, so the last block's mlp skips them.
      attended = graph.standard("GatherND", block + ".attended_rows", Map.of(), attended, ROWS);
      sum = graph.standard("GatherND", block + ".rows", Map.of(), sum, ROWS);
    }
    String output = block + ".self_attn.o_proj";
    Residual middle =
        addAndNorm(
            block + ".post_attention_layernorm",
            sum,
            products.linear(output, attended, output + ".weight"));
    String next = last ? "model.norm" : "model.layers." + (layer + 1) + ".input_layernorm";
    return addAndNorm(next, middle.sum, mlp(block + ".mlp.", middle.normalised));
  }

  /** Grouped-query attention with rotary embedding inside. */
  private String attention(int layer, String prefix, String xBTD) {
    String pastKey = "";
    String pastValue = "";
    if (cached) {
      pastKey = past(layer, "key");
      pastValue = past(layer, "value");
      Object[] shape = {"B", config.keyValueHeads(), "S", config.headDimension()};
      for (String tensor : List.of("key", "value")) {
        graph.input(past(layer, tensor), ElementType.FLOAT, shape);
        graph.output(present(layer, tensor), ElementType.FLOAT, shape);
      }
    }
    List<String> projected;
    if (TensorStack.projectsTogether(config)) {
      projected = List.of(projection(prefix + "qkv_proj", xBTD), "", "");
    } else {
      String queries = projection(prefix + "q_proj", xBTD);
      String keys = projection(prefix + "k_proj", xBTD);
      projected =
          List.of(
              headNorm(prefix + "q_norm", config.heads(), queries),
              headNorm(prefix + "k_norm", config.keyValueHeads(), keys),
              projection(prefix + "v_proj", xBTD));
    }
    List<String> inputs = new ArrayList<>(projected);
    inputs.addAll(List.of(pastKey, pastValue, LAST_POSITIONS, LONGEST, "rotary.cos", "rotary.sin"));
    if (cached) {
      inputs.addAll(List.of("", "", NO_SINK));
    }
    return graph.fused(
        "GroupQueryAttention",
        List.of(prefix + "attended", present(layer, "key"), present(layer, "value")),
        Map.of(
            "num_heads",
            config.heads(),
            "kv_num_heads",
            config.keyValueHeads(),
            "do_rotary",
            1,
            "scale",
            1f), // the rotary tables have it
        inputs.toArray(String[]::new));
  }

  /** x Wᵀ + b, where the family has a bias. */
  private String projection(String name, String xBTD) {
    if (!config.family().projectionBias()) {
      return products.linear(name, xBTD, name + ".weight");
    }
    String product = products.linear(name + ".product", xBTD, name + ".weight");
    return graph.standard("Add", name, Map.of(), product, name + ".bias");
  }

  /** RMSNorm of each head of [B, T, heads · H]. */
  private String headNorm(String norm, int heads, String x) {
    String split = norm + ".split";
    String apart = norm + ".heads";
    String joined = norm + ".joined";
    // In a Reshape, 0 keeps a size and −1 is what is left.
    graph.constant(split, new long[] {0, 0, heads, config.headDimension()});
    graph.constant(joined, new long[] {0, 0, -1});
    graph.standard("Reshape", apart, Map.of(), x, split);
    return graph.standard("Reshape", norm + ".output", Map.of(), rmsNorm(norm, apart), joined);
  }

  /** SwiGLU: down(SiLU(gate(x)) · up(x)). */
  private String mlp(String prefix, String x) {
    String gate = products.linear(prefix + "gate_proj", x, prefix + "gate_proj.weight");
    String up = products.linear(prefix + "up_proj", x, prefix + "up_proj.weight");
    // QuickGelu is x · sigmoid(alpha · x), so alpha = 1 makes it SiLU.
    String silu = graph.fused("QuickGelu", List.of(prefix + "silu"), Map.of("alpha", 1f), gate);
    String gated = graph.standard("Mul", prefix + "gated", Map.of(), silu, up);
    return products.linear(prefix + "down_proj", gated, prefix + "down_proj.weight");
  }

  private String rmsNorm(String norm, String x) {
    Map<String, Object> attributes = Map.of("epsilon", epsilon(), "axis", -1);
    return graph.standard("SimplifiedLayerNormalization", norm, attributes, x, norm + ".weight");
  }

  private Residual addAndNorm(String norm, String sum, String addend) {
    String total = norm + ".sum";
    graph.fused(
        "SkipSimplifiedLayerNormalization",
        List.of(norm, "", "", total),
        Map.of("epsilon", epsilon()),
        addend,
        sum,
        norm + ".weight");
    return new Residual(total, norm);
  }

  /**
   * cos and sin of position · frequency, [context, H/2], times H^(−1/4): queries and keys are
   * rotated both, so their products come out divided by √H, as attention wants them. A scale of its
   * own would make ONNX Runtime lay out all keys anew for each token's product with them.
   */
  private void rotaryTables() {
    double scale = Math.pow(config.headDimension(), -0.25);
    int half = config.headDimension() / 2;
    float[] cos = new float[config.contextLength() * half];
    float[] sin = new float[cos.length];
    double[] frequencies = config.rotaryFrequencies();
    for (int i = 0; i < half; i++) {
      for (int position = 0; position < config.contextLength(); position++) {
        cos[position * half + i] = (float) (scale * Math.cos(position * frequencies[i]));
        sin[position * half + i] = (float) (scale * Math.sin(position * frequencies[i]));
      }
    }
    graph.constant("rotary.cos", cos, config.contextLength(), half);
    graph.constant("rotary.sin", sin, config.contextLength(), half);
  }

  private float epsilon() {
    return (float) config.rmsNormEpsilon();
  }

  /** The residual stream and its normalised copy. */
  private record Residual(String sum, String normalised) {}
}
