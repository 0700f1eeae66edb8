package io.quartet.checkpoint;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A transformer's family and sizes: {@code config.json} of Hugging Face transformers.
 *
 * @param family what its blocks are like
 * @param architecture what the head computes
 * @param vocabularySize V, tokens
 * @param hiddenSize D, the width of the residual stream
 * @param intermediateSize the inner width of the SwiGLU
 * @param layers blocks
 * @param heads N, query heads
 * @param keyValueHeads key and value heads; divides {@code heads}
 * @param headDimension H, even because rotary embedding turns pairs
 * @param contextLength the most tokens of one sequence
 * @param ropeTheta the base of the rotary frequencies
 * @param ropeScaling how they are stretched; empty for as they are
 * @param rmsNormEpsilon added to the mean square in RMSNorm
 * @param tiedEmbeddings whether the output projection is the embedding
 * @param beginTokenId bos: begins a document
 * @param endTokenId eos: ends a document
 * @param padTokenId fills up a batch, never trained
 * @param unitEmbeddings whether the embedding began at unit scale, as Quartet begins its own models
 *     and open models do not; its learning rate follows ({@code unit_embeddings}, a key of ours)
 */
public record ModelConfig(
    ModelFamily family,
    Architecture architecture,
    int vocabularySize,
    int hiddenSize,
    int intermediateSize,
    int layers,
    int heads,
    int keyValueHeads,
    int headDimension,
    int contextLength,
    double ropeTheta,
    Optional<RopeScaling> ropeScaling,
    double rmsNormEpsilon,
    boolean tiedEmbeddings,
    int beginTokenId,
    int endTokenId,
    int padTokenId,
    boolean unitEmbeddings) {
  /** The file's name in a checkpoint. */
  public static final String FILE = "config.json";

  private static final int MAX_LAYERS = 1024;

  /** ONNX Runtime's attention turns the rotary pairs of this many elements in one instruction. */
  private static final int HEAD_MULTIPLE = 16;

  /**
   * Checks every size; INVALID_ARGUMENT names the first that is impossible, as config.json does.
   */
  public ModelConfig {
    requirePositive("vocab_size", vocabularySize);
    requirePositive("hidden_size", hiddenSize);
    requirePositive("intermediate_size", intermediateSize);
    requirePositive("num_hidden_layers", layers);
    requirePositive("num_attention_heads", heads);
    requirePositive("num_key_value_heads", keyValueHeads);
    requirePositive("head_dim", headDimension);
    requirePositive("max_position_embeddings", contextLength);
    if (layers > MAX_LAYERS) {
      throw invalid("num_hidden_layers %d, expected at most %d", layers, MAX_LAYERS);
    }
    if (heads % keyValueHeads != 0) {
      throw invalid(
          "num_key_value_heads %d, expected a divisor of num_attention_heads %d",
          keyValueHeads, heads);
    }
    if (headDimension % 2 != 0) {
      throw invalid("head_dim %d, expected an even number", headDimension);
    }
    requirePositive("rope_theta", ropeTheta);
    requirePositive("rms_norm_eps", rmsNormEpsilon);
    requireToken("bos_token_id", beginTokenId, vocabularySize);
    requireToken("eos_token_id", endTokenId, vocabularySize);
    requireToken("pad_token_id", padTokenId, vocabularySize);
    requireCountable(
        vocabularySize, hiddenSize, intermediateSize, (long) heads * headDimension, layers);
  }

  /** A Llama as Quartet trains it from scratch. */
  public ModelConfig(
      Architecture architecture,
      int vocabularySize,
      int hiddenSize,
      int intermediateSize,
      int layers,
      int heads,
      int keyValueHeads,
      int headDimension,
      int contextLength,
      double ropeTheta,
      double rmsNormEpsilon,
      boolean tiedEmbeddings,
      int beginTokenId,
      int endTokenId,
      int padTokenId) {
    this(
        ModelFamily.LLAMA,
        architecture,
        vocabularySize,
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        keyValueHeads,
        headDimension,
        contextLength,
        ropeTheta,
        Optional.empty(),
        rmsNormEpsilon,
        tiedEmbeddings,
        beginTokenId,
        endTokenId,
        padTokenId,
        true);
  }

  /**
   * The configuration in a {@code config.json}.
   *
   * @throws QuartetException NOT_FOUND if the file is missing, INVALID_ARGUMENT if it describes
   *     something that Quartet cannot run
   */
  public static ModelConfig read(Path configJson) {
    return ModelConfigJson.parse(
        Json.read(configJson, ErrorCode.INVALID_ARGUMENT), configJson.toString());
  }

  /** The text of {@code config.json} for weights stored as fp32. */
  public String toJson() {
    return toJson(DataType.F32);
  }

  /** The text of {@code config.json} for weights stored as {@code dataType}. */
  public String toJson(DataType dataType) {
    return Json.print(ModelConfigJson.of(this, dataType));
  }

  /** Writes {@code config.json} into a folder, for weights stored as fp32. */
  public void write(Path directory) {
    Json.write(directory.resolve(FILE), toJson());
  }

  /**
   * Refuses sizes that could be trained but neither generate nor score.
   *
   * @param name whose sizes they are
   * @return this
   * @throws QuartetException INVALID_ARGUMENT
   */
  public ModelConfig requireDecodable(String name) {
    if (headDimension % HEAD_MULTIPLE != 0) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "%s: head_dim %d, expected a multiple of %d"
              .formatted(name, headDimension, HEAD_MULTIPLE));
    }
    return this;
  }

  /** The same sizes under another head. */
  public ModelConfig withArchitecture(Architecture other) {
    return with(other, contextLength);
  }

  /** The same with another context. */
  public ModelConfig withContextLength(int tokens) {
    return with(architecture, tokens);
  }

  private ModelConfig with(Architecture head, int context) {
    return new ModelConfig(
        family,
        head,
        vocabularySize,
        hiddenSize,
        intermediateSize,
        layers,
        heads,
        keyValueHeads,
        headDimension,
        context,
        ropeTheta,
        ropeScaling,
        rmsNormEpsilon,
        tiedEmbeddings,
        beginTokenId,
        endTokenId,
        padTokenId,
        unitEmbeddings);
  }

  /**
   * The angle, in radians, by which each pair of a head's channels turns from one position to the
   * next: θ^(−2i/H), stretched if the model says so; [H/2].
   */
  public double[] rotaryFrequencies() {
    double[] frequencies = new double[headDimension / 2];
    for (int pair = 0; pair < frequencies.length; pair++) {
      double frequency = Math.pow(ropeTheta, -2.0 * pair / headDimension);
      frequencies[pair] = ropeScaling.isPresent() ? ropeScaling.get().scale(frequency) : frequency;
    }
    return frequencies;
  }

  /** Every weight's shape by its Hugging Face name, in the order of transformers' state dict. */
  public Map<String, long[]> tensorShapes() {
    long queries = (long) heads * headDimension;
    long keys = (long) keyValueHeads * headDimension;
    var shapes = new LinkedHashMap<String, long[]>();
    shapes.put("model.embed_tokens.weight", shape(vocabularySize, hiddenSize));
    for (int layer = 0; layer < layers; layer++) {
      String block = "model.layers." + layer;
      putProjection(shapes, block + ".self_attn.q_proj", queries);
      putProjection(shapes, block + ".self_attn.k_proj", keys);
      putProjection(shapes, block + ".self_attn.v_proj", keys);
      shapes.put(block + ".self_attn.o_proj.weight", shape(hiddenSize, queries));
      if (family.queryKeyNorm()) {
        shapes.put(block + ".self_attn.q_norm.weight", shape(headDimension));
        shapes.put(block + ".self_attn.k_norm.weight", shape(headDimension));
      }
      shapes.put(block + ".mlp.gate_proj.weight", shape(intermediateSize, hiddenSize));
      shapes.put(block + ".mlp.up_proj.weight", shape(intermediateSize, hiddenSize));
      shapes.put(block + ".mlp.down_proj.weight", shape(hiddenSize, intermediateSize));
      shapes.put(block + ".input_layernorm.weight", shape(hiddenSize));
      shapes.put(block + ".post_attention_layernorm.weight", shape(hiddenSize));
    }
    shapes.put("model.norm.weight", shape(hiddenSize));
    switch (architecture) {
      case CAUSAL_LM -> {
        if (!tiedEmbeddings) {
          shapes.put("lm_head.weight", shape(vocabularySize, hiddenSize));
        }
      }
      case SEQUENCE_CLASSIFICATION -> shapes.put("score.weight", shape(1, hiddenSize));
    }
    return shapes;
  }

  /** How many weights there are; a tied embedding counts once. */
  public long parameters() {
    return tensorShapes().values().stream().mapToLong(Safetensors::elements).sum();
  }

  private void putProjection(Map<String, long[]> shapes, String name, long outputs) {
    shapes.put(name + ".weight", shape(outputs, hiddenSize));
    if (family.projectionBias()) {
      shapes.put(name + ".bias", shape(outputs));
    }
  }

  private static long[] shape(long... sizes) {
    return sizes;
  }

  static void requirePositive(String key, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw invalid("%s %s, expected a number above 0", key, number(value));
    }
  }

  private static void requireToken(String key, int id, int vocabularySize) {
    if (id < 0 || id >= vocabularySize) {
      throw invalid("%s %d, expected 0 to %d (vocab_size - 1)", key, id, vocabularySize - 1);
    }
  }

  /**
   * An upper bound of the parameters; more than 2⁴⁸ would overflow sizes in bytes, or be a typo.
   */
  private static void requireCountable(
      double vocabulary, double hidden, double intermediate, double queries, double layers) {
    double most = hidden * (2 * vocabulary + layers * (4 * queries + 3 * intermediate + 2));
    if (most > 0x1p48) {
      throw invalid("sizes give about %.0e parameters, expected at most 3e14", most);
    }
  }

  private static String number(double value) {
    return value == Math.rint(value) && Math.abs(value) < 1e9
        ? Long.toString((long) value)
        : Double.toString(value);
  }

  static QuartetException invalid(String format, Object... arguments) {
    return new QuartetException(
        ErrorCode.INVALID_ARGUMENT, "model config: " + format.formatted(arguments));
  }
}
