package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.DATA_LOSS;
import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;
import static io.quartet.checkpoint.ErrorCode.RESOURCE_EXHAUSTED;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderMemory;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.Precision;
import io.quartet.decoder.QuantizationLoss;
import io.quartet.decoder.SamplingParams;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * One checkpoint's weights in memory. Whoever uses it holds a lease; once retired it gives out no
 * more, and frees its memory with the last one's release. So the weights that answer a request are
 * the same from its first token to its last.
 */
public final class ServedModel {
  private final Checkpoint checkpoint;
  private final DecoderEngine engine;
  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final GenerationDefaults defaults;
  private final int most;
  private final DecoderOptions options;
  private final Optional<QuantizationLoss> loss;
  private final Instant loaded = Instant.now();
  private int leases;
  private @Nullable Runnable whenDrained; // set once retired

  private ServedModel(
      Checkpoint checkpoint,
      DecoderEngine engine,
      Tokenizer tokenizer,
      GenerationDefaults defaults,
      DecoderOptions options,
      Optional<QuantizationLoss> loss,
      int waiting) {
    this.checkpoint = checkpoint;
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.template = new ChatTemplate(tokenizer);
    this.defaults = defaults;
    this.most = options.slots() + waiting;
    this.options = options;
    this.loss = loss;
  }

  /**
   * Loads a checkpoint and has it say one token, so that what serves is known to work.
   *
   * @param loss what the options' precision costs it, as far as it is known
   * @param waiting how many requests may wait for a slot of the decoder
   * @throws QuartetException as {@link DecoderEngine#open(Checkpoint, DecoderOptions)} and {@link
   *     Tokenizer#load}; INVALID_ARGUMENT if the tokenizer has ids that the model lacks
   */
  static ServedModel open(
      Checkpoint checkpoint, DecoderOptions options, Optional<QuantizationLoss> loss, int waiting) {
    Tokenizer tokenizer = Tokenizer.load(checkpoint.directory());
    @Nullable DecoderEngine engine = null;
    try {
      if (tokenizer.vocabularySize() > checkpoint.config().vocabularySize()) {
        throw new QuartetException(
            INVALID_ARGUMENT,
            "checkpoint '%s': tokenizer of %d tokens, expected at most the model's %d"
                .formatted(
                    checkpoint.id(),
                    tokenizer.vocabularySize(),
                    checkpoint.config().vocabularySize()));
      }
      engine = DecoderEngine.open(checkpoint, options);
      requireAnswer(checkpoint, engine);
      return new ServedModel(
          checkpoint,
          engine,
          tokenizer,
          GenerationDefaults.read(checkpoint.directory()),
          options,
          loss,
          waiting);
    } catch (QuartetException e) {
      if (engine != null) {
        engine.close();
      }
      tokenizer.close();
      throw e;
    }
  }

  private static void requireAnswer(Checkpoint checkpoint, DecoderEngine engine) {
    int[] prompt = {checkpoint.config().beginTokenId()};
    float logProb =
        engine.generate(List.of(prompt), List.of(SamplingParams.greedy(1))).get(0).logProbs()[0];
    if (!Float.isFinite(logProb)) {
      throw new QuartetException(
          DATA_LOSS,
          "checkpoint '%s': its first token has log-probability %s, expected a finite number"
              .formatted(checkpoint.id(), logProb));
    }
  }

  /** The checkpoint that it was loaded from. */
  public Checkpoint checkpoint() {
    return checkpoint;
  }

  DecoderEngine engine() {
    return engine;
  }

  /** Its tokenizer; open while a lease is held. */
  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /** How it is talked to. */
  public ChatTemplate template() {
    return template;
  }

  /** The tokens of a text that is to be continued. */
  public int[] textPrompt(String text) {
    int[] tokens = tokenizer.encode(text);
    // Nothing to continue is the beginning of a document.
    return tokens.length > 0 ? tokens : new int[] {checkpoint.config().beginTokenId()};
  }

  GenerationDefaults defaults() {
    return defaults;
  }

  /** What it holds in memory: weights, and keys and values of every slot. */
  long bytes() {
    return bytes(checkpoint, options);
  }

  static long bytes(Checkpoint checkpoint, DecoderOptions options) {
    return DecoderMemory.of(checkpoint.config(), options);
  }

  /** What its matrices are held in. */
  Precision precision() {
    return options.precision();
  }

  /** What the precision costs it; empty at full precision, or if nobody measured. */
  Optional<QuantizationLoss> loss() {
    return loss;
  }

  Instant loaded() {
    return loaded;
  }

  /**
   * Takes a lease; false once retired.
   *
   * @throws QuartetException RESOURCE_EXHAUSTED if as many are out as may run and wait
   */
  synchronized boolean lease() {
    if (whenDrained != null) {
      return false;
    }
    take(1);
    return true;
  }

  /**
   * Takes more leases to the one that the caller holds.
   *
   * @throws QuartetException as {@link #lease()}; then none was taken
   */
  synchronized void leaseMore(int more) {
    take(more);
  }

  private void take(int more) {
    if (leases + more > most) {
      throw new QuartetException(
          RESOURCE_EXHAUSTED,
          "model '%s': %d requests under way, expected at most %d; try again later"
              .formatted(checkpoint.id(), leases, most));
    }
    leases += more;
  }

  /** Gives a lease back. */
  void release() {
    Runnable drained;
    synchronized (this) {
      leases--;
      if (leases > 0 || whenDrained == null) {
        return;
      }
      drained = whenDrained;
    }
    free(drained);
  }

  /** Gives out no more leases; frees the memory when the last one is back, then tells. */
  void retire(Runnable whenDrained) {
    synchronized (this) {
      if (this.whenDrained != null) {
        return;
      }
      this.whenDrained = whenDrained;
      if (leases > 0) {
        return;
      }
    }
    free(whenDrained);
  }

  /** Ends every answer now. */
  void stop() {
    engine.close();
  }

  private void free(Runnable drained) {
    engine.close();
    tokenizer.close();
    drained.run();
  }
}
