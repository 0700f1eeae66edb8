package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.DATA_LOSS;
import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.Conversation;
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
  /** What an answer is taken for unless its caller or its model says less. */
  private static final int USUAL_ANSWER = 256;

  /** Plain text, whose tokens tell how many bytes this tokenizer makes one of. */
  private static final String SAMPLE =
      "The gateway lets a request in before it reads it, so it has to guess how many tokens a text"
          + " of so many bytes will be. Most of what people write is like these two sentences.";

  private final Checkpoint checkpoint;
  private final DecoderEngine engine;
  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final GenerationDefaults defaults;
  private final Admission admission;
  private final double bytesPerToken;
  private final DecoderOptions options;
  private final Optional<QuantizationLoss> loss;
  private final Instant loaded = Instant.now();
  private Runnable whenFreed = () -> {};
  private int leases;
  private @Nullable Runnable whenDrained; // set once retired

  private ServedModel(
      Checkpoint checkpoint,
      DecoderEngine engine,
      Tokenizer tokenizer,
      GenerationDefaults defaults,
      DecoderOptions options,
      Optional<QuantizationLoss> loss,
      WaitingRoom room) {
    this.checkpoint = checkpoint;
    this.engine = engine;
    this.tokenizer = tokenizer;
    this.template = new ChatTemplate(tokenizer);
    this.defaults = defaults;
    this.admission =
        new Admission(checkpoint.id().toString(), options.slots(), room, System::nanoTime);
    this.bytesPerToken = (double) SAMPLE.length() / tokenizer.encode(SAMPLE).length;
    this.options = options;
    this.loss = loss;
  }

  /**
   * Loads a checkpoint and has it say one token, so that what serves is known to work.
   *
   * @param loss what the options' precision costs it, as far as it is known
   * @param room what may wait for a slot of the decoder
   * @throws QuartetException as {@link DecoderEngine#open(Checkpoint, DecoderOptions)} and {@link
   *     Tokenizer#load}; INVALID_ARGUMENT if the tokenizer has ids that the model lacks
   */
  static ServedModel open(
      Checkpoint checkpoint,
      DecoderOptions options,
      Optional<QuantizationLoss> loss,
      WaitingRoom room) {
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
          room);
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

  /**
   * The tokens of a text that is to be continued, begun as the model's tokenizer begins a text;
   * INVALID_ARGUMENT if it is {@link #hopeless}.
   */
  public int[] textPrompt(String text) {
    requireHope(tokenizer.fewestTokens(text));
    int[] tokens = tokenizer.encodeWhole(text);
    // Nothing to continue is the beginning of a document.
    return tokens.length > 0 ? tokens : new int[] {checkpoint.config().beginTokenId()};
  }

  /** The tokens of a conversation, likewise; throws also as {@link ChatTemplate#prompt}. */
  public int[] chatPrompt(Conversation conversation) {
    requireHope(template.fewestTokens(conversation));
    return template.prompt(conversation);
  }

  private void requireHope(int fewest) {
    hopeless(fewest)
        .ifPresent(
            why -> {
              throw new QuartetException(INVALID_ARGUMENT, why);
            });
  }

  /**
   * Why a prompt is not even encoded: its length alone tells that it cannot fit by far. One that is
   * a little too long is, so that its caller hears by how much.
   *
   * @param fewest tokens that it has
   */
  public Optional<String> hopeless(int fewest) {
    return fewest / 2 < contextLength()
        ? Optional.empty()
        : Optional.of(
            "prompt of at least %d tokens, expected at most the context length %d of %s"
                .formatted(fewest, contextLength(), checkpoint.id()));
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

  /** The most tokens of a prompt and its answer: the model's, or fewer if the gateway says so. */
  public int contextLength() {
    return engine.contextLength();
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

  /** Who runs and waits. */
  Admission admission() {
    return admission;
  }

  /** Tokens of a prompt and its answer, guessed from the sizes. */
  long tokensEach(Demand demand) {
    int context = contextLength();
    int answer = demand.maxTokens().orElseGet(() -> defaults.maxTokens().orElse(USUAL_ANSWER));
    double prompt = demand.bytes() / bytesPerToken / demand.answers();
    // Most answers end long before the most tokens that their callers allow.
    return Math.min(context, Math.round(prompt))
        + Math.min(context, Math.max(0, Math.min(answer, USUAL_ANSWER)));
  }

  /**
   * Takes a lease for each answer, or one that takes no place where there are none; false once
   * retired.
   *
   * @throws QuartetException as {@link Admission#enter}
   */
  synchronized boolean lease(Demand demand) {
    if (whenDrained != null) {
      return false;
    }
    int answers = demand.answers();
    if (answers > 0) {
      admission.enter(answers, tokensEach(demand) * answers, demand.priority());
    }
    leases += Math.max(1, answers);
    return true;
  }

  /** Gives answers' leases and places back. */
  void release(int answers) {
    for (int i = 0; i < answers; i++) {
      admission.leave();
    }
    letGo(answers);
  }

  /** Gives leases back that took no place. */
  void letGo(int count) {
    Runnable drained;
    synchronized (this) {
      leases -= count;
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

  /** Runs something when its memory is about to be given back; once, before it is leased. */
  void whenFreed(Runnable end) {
    whenFreed = end;
  }

  private void free(Runnable drained) {
    whenFreed.run();
    engine.close();
    tokenizer.close();
    drained.run();
  }
}
