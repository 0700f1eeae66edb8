package io.quartet.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Comparator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * One dial for a model: its depth L, from which everything else follows. The width is 64 L, so that
 * each of L heads has 64 channels; learning rates go with 1 / width, as the hidden matrices' do
 * under Adam in the maximal update parametrisation (Yang et al. 2022, arXiv:2203.03466, table 3),
 * from the default recipe's at width 192; pretraining reads 20 tokens a parameter (Hoffmann et al.
 * 2022, arXiv:2203.15556).
 */
record ModelSize(int layers) {
  static final Pattern PARAMETERS = Pattern.compile("(\\d{1,4}(?:\\.\\d{1,3})?)([mb])");
  private static final int CHANNELS = 64;
  private static final int DEEPEST = 64;
  private static final int TOKENS_PER_PARAMETER = 20;
  private static final double TUNED_WIDTH = 192;

  /** The depth whose parameters are nearest to so many, by their ratio. */
  static ModelSize of(double parameters, int vocabulary) {
    return IntStream.rangeClosed(1, DEEPEST)
        .mapToObj(ModelSize::new)
        .min(
            Comparator.comparingDouble(
                size -> Math.abs(Math.log(size.parameters(vocabulary) / parameters))))
        .orElseThrow();
  }

  /** Fills in what a recipe's {@code model.size} says and the recipe itself does not. */
  static void resolve(JsonNode said, ObjectNode complete) {
    JsonNode size = complete.at("/model/size");
    if (!size.isTextual()) {
      return; // none, or what the record refuses
    }
    Matcher number = PARAMETERS.matcher(size.textValue());
    if (number.matches()) {
      double unit = number.group(2).equals("m") ? 1e6 : 1e9;
      of(
              Double.parseDouble(number.group(1)) * unit,
              complete.at("/data/tokenizer/vocabulary").asInt())
          .fill(said, complete);
    }
  }

  private void fill(JsonNode said, ObjectNode complete) {
    var gaps = new Gaps(said, complete);
    gaps.put("model", "hidden", width());
    gaps.put("model", "layers", layers);
    gaps.put("model", "heads", layers);
    gaps.put("model", "key_value_heads", complete.at("/model/heads").asInt());
    gaps.put("model", "feed_forward", feedForward());
    gaps.put("model", "context", context());
    gaps.put("base", "sequence", complete.at("/model/context").asInt());
    gaps.put("base", "batch", Math.max(1, Math.round(stepTokens() / (double) context())));
    long step = complete.at("/base/batch").asLong() * complete.at("/base/sequence").asLong();
    long vocabulary = complete.at("/data/tokenizer/vocabulary").asLong();
    long steps =
        (long) Math.ceil(TOKENS_PER_PARAMETER * parameters(vocabulary) / Math.max(1, step));
    gaps.put("base", "steps", steps);
    gaps.put("base", "warmup_steps", Math.max(1, complete.at("/base/steps").asLong() / 50));
    for (String stage : new String[] {"base", "sft", "reward", "rl"}) {
      gaps.scale(stage, "learning_rate", TUNED_WIDTH / width());
    }
    gaps.scale("rl", "value_learning_rate", TUNED_WIDTH / width());
  }

  private int width() {
    return CHANNELS * layers;
  }

  /** 8/3 of the width, which makes three matrices as large as two of 4 widths; in whole heads. */
  private int feedForward() {
    return (int) Math.round(8.0 / 3 * layers) * CHANNELS;
  }

  private int context() {
    return layers < 8 ? 256 : layers < 12 ? 512 : 1024;
  }

  private long stepTokens() {
    return 4096L * layers / 6;
  }

  /** With a tied embedding. */
  double parameters(long vocabulary) {
    double width = width();
    double block = 4 * width * width + 3 * width * feedForward() + 2 * width;
    return layers * block + width + vocabulary * width;
  }

  /** Values of a complete recipe that its author did not give. */
  private record Gaps(JsonNode said, ObjectNode complete) {
    private boolean open(String section, String key) {
      return said.path(section).path(key).isMissingNode()
          && complete.get(section) instanceof ObjectNode;
    }

    void put(String section, String key, long value) {
      if (open(section, key)) {
        ((ObjectNode) complete.get(section)).put(key, value);
      }
    }

    void scale(String section, String key, double factor) {
      if (open(section, key)) {
        double scaled = complete.get(section).path(key).asDouble() * factor;
        ((ObjectNode) complete.get(section))
            .put(key, new BigDecimal(scaled).round(new MathContext(3)).doubleValue());
      }
    }
  }
}
