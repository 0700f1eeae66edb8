package io.quartet.checkpoint;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A model's folder as the one file that llama.cpp opens: weights in the type they have, norms and
 * biases in F32, the tokenizer and the chat template inside.
 */
public final class GgufFile {
  /** The file's name in an exported folder. */
  public static final String NAME = "model.gguf";

  /** Hugging Face's names of weights and biases, and llama.cpp's. */
  private static final Map<String, String> NAMES =
      Map.ofEntries(
          Map.entry("model.embed_tokens", "token_embd"),
          Map.entry("model.norm", "output_norm"),
          Map.entry("lm_head", "output"),
          Map.entry("self_attn.q_proj", "attn_q"),
          Map.entry("self_attn.k_proj", "attn_k"),
          Map.entry("self_attn.v_proj", "attn_v"),
          Map.entry("self_attn.o_proj", "attn_output"),
          Map.entry("self_attn.q_norm", "attn_q_norm"),
          Map.entry("self_attn.k_norm", "attn_k_norm"),
          Map.entry("mlp.gate_proj", "ffn_gate"),
          Map.entry("mlp.up_proj", "ffn_up"),
          Map.entry("mlp.down_proj", "ffn_down"),
          Map.entry("input_layernorm", "attn_norm"),
          Map.entry("post_attention_layernorm", "ffn_norm"));

  private final ModelConfig config;
  private final Safetensors weights;

  private GgufFile(ModelConfig config, Safetensors weights) {
    this.config = config;
    this.weights = weights;
  }

  /**
   * Writes the file; the tokenizer is left out if the folder has none.
   *
   * @param folder config.json, whole weights and the tokenizer's files
   * @throws QuartetException NOT_FOUND if there are no weights; FAILED_PRECONDITION if this is no
   *     language model, or its tokenizer is one that is not known here under llama.cpp's name; as
   *     {@link GgufWriter#write} if the file cannot be written
   */
  public static void write(Path folder, Path file) {
    ModelConfig config = ModelConfig.read(folder.resolve(ModelConfig.FILE));
    if (config.architecture() != Architecture.CAUSAL_LM) {
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          "%s: architecture %s, expected %s"
              .formatted(folder, config.architecture(), Architecture.CAUSAL_LM));
    }
    try (Safetensors weights = Safetensors.open(folder.resolve(Checkpoint.WEIGHTS))) {
      var writer = new GgufWriter();
      var gguf = new GgufFile(config, weights);
      gguf.describe(writer);
      if (Files.exists(folder.resolve(TokenizerFiles.TOKENIZER))) {
        GgufTokenizer.describe(folder, config, writer);
      } else {
        writer.put("tokenizer.ggml.model", "none");
      }
      writer.write(file, gguf.tensors());
    }
  }

  /** llama.cpp's name of the family; it reads a Mistral as a Llama. */
  private String architecture() {
    return switch (config.family()) {
      case LLAMA, MISTRAL -> "llama";
      case QWEN2 -> "qwen2";
      case QWEN3 -> "qwen3";
    };
  }

  private void describe(GgufWriter writer) {
    String name = architecture();
    writer
        .put("general.architecture", name)
        .put(name + ".vocab_size", config.vocabularySize())
        .put(name + ".context_length", config.contextLength())
        .put(name + ".embedding_length", config.hiddenSize())
        .put(name + ".block_count", config.layers())
        .put(name + ".feed_forward_length", config.intermediateSize())
        .put(name + ".attention.head_count", config.heads())
        .put(name + ".attention.head_count_kv", config.keyValueHeads())
        .put(name + ".attention.key_length", config.headDimension())
        .put(name + ".attention.value_length", config.headDimension())
        .put(name + ".attention.layer_norm_rms_epsilon", (float) config.rmsNormEpsilon())
        .put(name + ".rope.dimension_count", config.headDimension())
        .put(name + ".rope.freq_base", (float) config.ropeTheta());
  }

  private List<TensorSource> tensors() {
    List<TensorSource> tensors = new ArrayList<>();
    config.tensorShapes().forEach((name, shape) -> tensors.add(tensor(name, shape)));
    if (config.ropeScaling().isPresent()) {
      tensors.add(ropeFactors());
    }
    return tensors;
  }

  private TensorSource tensor(String name, long[] shape) {
    String theirs = name.replace("model.layers.", "blk.");
    for (Map.Entry<String, String> part : NAMES.entrySet()) {
      String suffix = name.endsWith(".bias") ? ".bias" : ".weight";
      if (name.equals(part.getKey() + suffix) || name.endsWith("." + part.getKey() + suffix)) {
        theirs = theirs.replace(part.getKey() + suffix, part.getValue() + suffix);
      }
    }
    DataType type = weights.entry(name).dataType();
    if (shape.length == 1 || type == DataType.F64) {
      String written = theirs;
      return new TensorSource(
          theirs,
          DataType.F32,
          shape,
          channel ->
              TensorSource.of(written, weights.floats(name), shape).content().writeTo(channel));
    }
    boolean pairs = architecture().equals("llama") && name.matches(".*\\.[qk]_proj\\.weight");
    return new TensorSource(
        theirs,
        type,
        shape,
        channel -> {
          long row = shape[1] * type.bytes();
          for (long n = 0; n < shape[0]; n++) {
            ByteBuffer bytes = weights.bytes(name, row * (pairs ? rowOfPair(n) : n), row);
            while (bytes.hasRemaining()) {
              channel.write(bytes);
            }
          }
        });
  }

  /**
   * The row of q or k that is n-th for llama.cpp: it turns neighbours by a rotary angle, Hugging
   * Face element i of a head with i + H/2.
   */
  private long rowOfPair(long n) {
    long within = n % config.headDimension();
    return n - within + within / 2 + within % 2 * (config.headDimension() / 2);
  }

  /** What llama.cpp divides each unstretched frequency by. */
  private TensorSource ropeFactors() {
    double[] stretched = config.rotaryFrequencies();
    float[] factors = new float[stretched.length];
    for (int pair = 0; pair < factors.length; pair++) {
      double plain = Math.pow(config.ropeTheta(), -2.0 * pair / config.headDimension());
      factors[pair] = (float) (plain / stretched[pair]);
    }
    ByteBuffer bytes = ByteBuffer.allocate(4 * factors.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(factors);
    return TensorSource.of("rope_freqs.weight", DataType.F32, bytes, factors.length);
  }
}
