package io.quartet.decoder;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a graph does with a matrix of weights, as it is or in blocks of fewer bits. */
final class WeightProducts {
  /**
   * MatMulNBits' level at which x is rounded to 8 bits in blocks too, so that the products are
   * those of integers. At the others 8-bit weights are unpacked at every step: 90 times slower.
   */
  private static final int INT8_ACTIVATIONS = 4;

  private final OnnxGraph graph;
  private final Weights weights;

  WeightProducts(OnnxGraph graph, Weights weights) {
    this.graph = graph;
    this.weights = weights;
  }

  /** x Wᵀ with the weight [out, in], as safetensors has it or in blocks of its rows. */
  String linear(String output, String x, String weight) {
    Optional<BlockFormat> blocks = weights.format(weight);
    if (blocks.isEmpty()) {
      return graph.fused("FusedMatMul", List.of(output), Map.of("transB", 1), x, weight);
    }
    BlockFormat format = blocks.get();
    long[] shape = weights.shape(weight);
    Map<String, Integer> attributes =
        Map.of(
            "N",
            (int) shape[0],
            "K",
            (int) shape[1],
            "bits",
            format.bits(),
            "block_size",
            format.size(),
            "accuracy_level",
            INT8_ACTIVATIONS);
    List<String> inputs = new ArrayList<>(List.of(x, Weights.values(weight)));
    inputs.add(Weights.scales(weight));
    if (format.zeroPoints()) {
      inputs.add(Weights.zeroPoints(weight));
    }
    return graph.fused("MatMulNBits", List.of(output), attributes, inputs.toArray(String[]::new));
  }

  /** The rows of tokens [B, T], [B, T, D]. */
  String embedding(String weight, String tokens) {
    int width = weights.config().hiddenSize();
    Optional<BlockFormat> blocks = weights.format(weight);
    if (blocks.isEmpty()) {
      return graph.standard("Gather", "embedded", Map.of(), weight, tokens);
    }
    BlockFormat format = blocks.get();
    String whole =
        graph.fused(
            "GatherBlockQuantized",
            List.of("embedded.blocks"),
            Map.of("bits", format.bits(), "block_size", format.size(), "quantize_axis", 1),
            Weights.lookup(weight),
            tokens,
            Weights.scales(weight));
    if (width % format.size() == 0) {
      return whole;
    }
    graph.constant("embedded.from", new long[] {0});
    graph.constant("embedded.to", new long[] {width});
    graph.constant("embedded.axis", new long[] {2});
    return graph.standard(
        "Slice", "embedded", Map.of(), whole, "embedded.from", "embedded.to", "embedded.axis");
  }
}
