package io.quartet.model;

import io.quartet.checkpoint.LoraConfig;
import io.quartet.checkpoint.ModelConfig;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a model's training holds at most, in bytes, from its sizes alone. Each worker has gradients
 * and activations of its own. Activations are counted tensor by tensor from {@link
 * TransformerBlock}: a pointer scope holds all that a step's forward pass makes until the step
 * ends, not only what autograd needs.
 */
public final class TrainingMemory {
  /** Bytes of a master weight, a gradient and each of the optimizer's moments. */
  private static final long FP32 = 4;

  private TrainingMemory() {}

  /**
   * A step's shape.
   *
   * @param tokens that one worker has at once, padding among them
   * @param length T
   * @param wholeLogits of these, targets whose logits autograd keeps; 0 where the loss takes them a
   *     piece at a time, or there is no output over the vocabulary
   */
  public record Step(int workers, long tokens, int length, long wholeLogits) {
    /** A step of rows that the workers divide among them. */
    public static Step ofRows(int workers, long rows, int length) {
      return new Step(workers, (rows + workers - 1) / workers * length, length, 0);
    }
  }

  /**
   * The parts, by name: weights, gradients, optimizer, average, activations, loss.
   *
   * @param head whether there is an output over the vocabulary
   */
  public static Map<String, Long> of(
      ModelConfig config,
      Precision precision,
      Optional<LoraConfig> lora,
      AdamW.Options optimizer,
      boolean recompute,
      boolean head,
      Step step) {
    long all = config.parameters();
    long blocks = config.layers() * blockMatrices(config);
    long adapters = lora.map(l -> adapters(config, l)).orElse(0L);
    long trained = lora.isPresent() ? adapters : all;
    long orthogonal = lora.isPresent() ? adapters : blocks;
    boolean blockwise = recompute || lora.isPresent();
    var parts = new LinkedHashMap<String, Long>();
    parts.put("weights", FP32 * (all + adapters));
    parts.put("gradients", FP32 * trained * step.workers());
    parts.put("optimizer", FP32 * (2 * trained - (optimizer.muon() ? orthogonal : 0)));
    parts.put("average", optimizer.averageDecay() > 0 ? FP32 * trained : 0);
    parts.put("activations", step.workers() * activations(config, precision, blockwise, step));
    parts.put("loss", head ? step.workers() * loss(config, precision, lora.isEmpty(), step) : 0);
    return Collections.unmodifiableMap(parts);
  }

  /**
   * What passes without gradients hold on all workers, such as those that score answers.
   *
   * @param step whose {@code wholeLogits} are the targets that are scored
   */
  public static long scoring(ModelConfig config, Precision precision, Step step) {
    // Nothing is kept of a block but what leaves it.
    long blocks =
        block(config, precision, step.length()) + config.layers() * FP32 * config.hiddenSize();
    long logits = (precision == Precision.BF16 ? 14 : 16) * (long) config.vocabularySize();
    return step.workers()
        * (step.tokens() * (blocks + ends(config, precision, step))
            + step.wholeLogits() * logits
            + copies(config, precision));
  }

  /** Tokens that a worker scores at once, see {@link Chunks}. */
  public static long scoredTokens() {
    return Chunks.tokens();
  }

  /** Weights of a block's projections. */
  private static long blockMatrices(ModelConfig config) {
    long width = config.hiddenSize();
    return width * (2 * attended(config) + 2 * keys(config))
        + 3 * width * config.intermediateSize();
  }

  private static long attended(ModelConfig config) {
    return (long) config.heads() * config.headDimension();
  }

  private static long keys(ModelConfig config) {
    return (long) config.keyValueHeads() * config.headDimension();
  }

  private static long adapters(ModelConfig config, LoraConfig lora) {
    long width = config.hiddenSize();
    long inner = config.intermediateSize();
    long sum = 0;
    for (String module : lora.targetModules()) {
      sum +=
          switch (module) {
            case "q_proj", "o_proj" -> width + attended(config);
            case "k_proj", "v_proj" -> width + keys(config);
            default -> width + inner;
          };
    }
    return sum * lora.rank() * config.layers();
  }

  /** Of one worker. */
  private static long activations(
      ModelConfig config, Precision precision, boolean blockwise, Step step) {
    long block = block(config, precision, step.length());
    // On the way back a block's tensors have gradients, and those pass through as many again.
    long passing = 2 * block;
    long kept =
        blockwise ? config.layers() * FP32 * config.hiddenSize() + block : config.layers() * block;
    return step.tokens() * (kept + passing + ends(config, precision, step))
        + (blockwise ? 1 : config.layers()) * copies(config, precision);
  }

  /** What a block's forward pass makes of a token. */
  private static long block(ModelConfig config, Precision precision, int length) {
    long width = config.hiddenSize();
    long inner = config.intermediateSize();
    long attended = attended(config);
    long keys = keys(config);
    return switch (precision) {
      // Norms: x/|x|, times the gain, as bf16. Outputs: the product, the sum. Queries and keys:
      // the product, fp32, turned, as bf16, by heads; values: the product, by heads.
      case BF16 ->
          2 * (4 + 4 + 2 + 2 + 4) * width
              + (2 + 4 + 4 + 2 + 2) * (attended + keys)
              + (2 + 2) * keys
              + (2 + 2) * attended
              + 2 * 2L * config.heads() * length
              + 4 * 2 * inner;
      case FP32 ->
          2 * (4 + 4 + 4 + 4) * width
              + (4 + 4) * (attended + keys)
              + 4 * keys
              + (4 + 4) * attended
              + 4 * 4 * inner;
    };
  }

  /** The embedding, the last norm and the mask, for a token. */
  private static long ends(ModelConfig config, Precision precision, Step step) {
    return 6 * FP32 * config.hiddenSize() + step.length() * (FP32 + 2 + bytes(precision));
  }

  /** A block's projections as a pass has them: queries, keys and values joined, all as bf16. */
  private static long copies(ModelConfig config, Precision precision) {
    long joined = (attended(config) + 2 * keys(config)) * config.hiddenSize();
    long products = precision == Precision.BF16 ? 2 * blockMatrices(config) : 0;
    return 3 * FP32 * joined + products;
  }

  private static long loss(ModelConfig config, Precision precision, boolean trained, Step step) {
    long vocabulary = config.vocabularySize();
    long output = vocabulary * config.hiddenSize();
    if (step.wholeLogits() > 0) {
      // The product, fp32, its gradient and that of the partition; the entropies' two passes.
      return step.wholeLogits() * vocabulary * (2 + 5 * FP32) + (trained ? FP32 * output : 0);
    }
    long pieces = Math.max(1, step.tokens() * vocabulary / CrossEntropyLoss.piece());
    long logits = 2 * bytes(precision) * step.tokens() * vocabulary;
    long gradients = precision == Precision.BF16 ? (2 + FP32) * output : FP32 * output;
    return logits + (trained ? pieces * gradients : 0);
  }

  private static long bytes(Precision precision) {
    return precision == Precision.BF16 ? 2 : FP32;
  }
}
