package io.quartet.decoder;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.IntFunction;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Generates from a language model. Answers of all callers grow in one batch on the engine's thread;
 * an answer depends on its weights, prompt and parameters only, never on what else is in the batch.
 *
 * <p>Safe for any thread.
 */
public final class DecoderEngine implements AutoCloseable {
  private final DecoderOptions options;
  private final LongSupplier nanoClock;
  private final TokenCounters counters = new TokenCounters();
  private final Set<LoadedModel> draining = ConcurrentHashMap.newKeySet();
  private final Object scoring = new Object();
  private volatile LoadedModel current;
  private boolean closed; // guarded by this
  private @Nullable SequenceScorer
      scorer; // of the current model once it was asked; guarded by scoring
  private @Nullable LoadedModel scored; // guarded by scoring

  private DecoderEngine(ModelFiles files, DecoderOptions options, LongSupplier nanoClock) {
    this.options = options;
    this.nanoClock = nanoClock;
    this.current = LoadedModel.open(files, options, nanoClock, counters);
  }

  /**
   * Loads a checkpoint.
   *
   * @throws QuartetException NOT_FOUND if a file is missing; DATA_LOSS if the weights are
   *     truncated; INVALID_ARGUMENT, naming the tensor, if they are another model's;
   *     FAILED_PRECONDITION if it is no language model, or its keys and values of all slots at full
   *     context come to 2 GiB and more for a layer
   */
  public static DecoderEngine open(Checkpoint checkpoint, DecoderOptions options) {
    return open(ModelFiles.of(checkpoint), options);
  }

  /** Loads a Hugging Face folder; see {@link #open(Checkpoint, DecoderOptions)}. */
  public static DecoderEngine open(Path directory, DecoderOptions options) {
    return open(ModelFiles.of(directory), options);
  }

  /** Loads a folder; time limits go by the clock. */
  static DecoderEngine open(Path directory, DecoderOptions options, LongSupplier nanoClock) {
    return new DecoderEngine(ModelFiles.of(directory), options, nanoClock);
  }

  private static DecoderEngine open(ModelFiles files, DecoderOptions options) {
    return new DecoderEngine(files, options, System::nanoTime);
  }

  /** The most tokens of a prompt and its answer together. */
  public int contextLength() {
    return current.files().config().contextLength();
  }

  /** The configuration of the weights that answer now. */
  public ModelConfig config() {
    return current.files().config();
  }

  /** The name of the weights that answer now: the checkpoint's id, or its folder. */
  public String weights() {
    return current.files().name();
  }

  /**
   * Generates one answer for each prompt, in the order of the prompts; waits for all of them.
   *
   * @param prompts token ids, each with at least one token
   * @param params one for each prompt
   * @throws QuartetException INVALID_ARGUMENT if a prompt is empty or leaves no room in the
   *     context; CANCELLED if the thread is interrupted, which cancels all of them, or the engine
   *     closes
   */
  public List<Generation> generate(List<int[]> prompts, List<SamplingParams> params) {
    if (prompts.size() != params.size()) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "%d sampling parameters, expected %d, one for each prompt"
              .formatted(params.size(), prompts.size()));
    }
    List<GenerationRequest> requests = new ArrayList<>(prompts.size());
    for (int i = 0; i < prompts.size(); i++) {
      requests.add(GenerationRequest.of(prompts.get(i), params.get(i)));
    }
    List<GenerationHandle> handles = submit(requests, i -> token -> {});
    try {
      List<Generation> generations = new ArrayList<>(handles.size());
      for (GenerationHandle handle : handles) {
        Generation generation = handle.await();
        if (generation.finishReason() == FinishReason.CANCELLED) {
          throw new QuartetException(ErrorCode.CANCELLED, "the decoder was closed");
        }
        generations.add(generation);
      }
      return generations;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new QuartetException(ErrorCode.CANCELLED, "generation was interrupted", e);
    } finally {
      handles.forEach(GenerationHandle::cancel); // nothing to those that have ended
    }
  }

  /**
   * Begins one answer and returns at once.
   *
   * @throws QuartetException INVALID_ARGUMENT if the prompt is empty, has a token outside the
   *     vocabulary, or leaves no room in the context; UNAVAILABLE if the engine is closed
   */
  public GenerationHandle submit(int[] prompt, SamplingParams params, TokenListener listener) {
    return submit(List.of(GenerationRequest.of(prompt, params)), i -> listener).get(0);
  }

  /**
   * Begins answers, all on the same weights, and returns at once.
   *
   * @param listeners gives the listener of the i-th request
   * @return a handle for each request, in their order
   * @throws QuartetException as {@link #submit(int[], SamplingParams, TokenListener)}; then none
   *     has begun
   */
  public List<GenerationHandle> submit(
      List<GenerationRequest> requests, IntFunction<TokenListener> listeners) {
    while (true) {
      LoadedModel model = current;
      List<GenerationHandle> handles = new ArrayList<>(requests.size());
      List<Sequence> sequences = new ArrayList<>(requests.size());
      for (int i = 0; i < requests.size(); i++) {
        var handle = new GenerationHandle(listeners.apply(i));
        handles.add(handle);
        sequences.add(model.sequence(requests.get(i), handle));
      }
      if (model.batcher().submit(sequences)) {
        return handles;
      }
      if (model == current) { // not swapped out just now, so closed
        throw new QuartetException(ErrorCode.UNAVAILABLE, "the decoder is closed");
      }
    }
  }

  /** What it has to do now and has done since it was opened. */
  public EngineLoad load() {
    EngineLoad load = current.batcher().load();
    for (LoadedModel old : draining) {
      load = load.plus(old.batcher().load());
    }
    return load.with(counters.totals());
  }

  /**
   * Log-probabilities of given tokens under the weights that answer now, at temperature 1.
   *
   * @return for each sequence its length − 1 values in nats; the i-th is of token i + 1 given those
   *     before it
   * @throws QuartetException INVALID_ARGUMENT if a sequence is empty, has a token outside the
   *     vocabulary, or is longer than the context
   */
  public float[][] logProbs(List<int[]> sequences) {
    synchronized (scoring) {
      LoadedModel model = current;
      if (scorer == null || scored != model) {
        if (scorer != null) {
          scorer.close();
        }
        scorer = SequenceScorer.open(model.files(), options.threads());
        scored = model;
      }
      return scorer.logProbs(sequences);
    }
  }

  /**
   * Changes to other weights. They are loaded beside the old ones first; if that fails the old ones
   * stay. Then new requests go to the new ones, and those submitted before end on the old ones,
   * which are let go with the last of them.
   *
   * @throws QuartetException as {@link #open(Checkpoint, DecoderOptions)}; UNAVAILABLE if the
   *     engine is closed
   */
  public void swap(Checkpoint checkpoint) {
    swap(ModelFiles.of(checkpoint));
  }

  /** Changes to a Hugging Face folder's weights; see {@link #swap(Checkpoint)}. */
  public void swap(Path directory) {
    swap(ModelFiles.of(directory));
  }

  private synchronized void swap(ModelFiles files) {
    requireOpen();
    LoadedModel old = current;
    current = LoadedModel.open(files, options, nanoClock, counters);
    draining.removeIf(model -> model.batcher().ended());
    draining.add(old);
    old.batcher().drain();
  }

  /** Cancels every answer, waits for the step that is running, and gives all memory back. */
  @Override
  public synchronized void close() {
    closed = true;
    current.batcher().close();
    draining.forEach(model -> model.batcher().close());
    draining.clear();
    synchronized (scoring) {
      if (scorer != null) {
        scorer.close();
        scorer = null;
      }
    }
  }

  private void requireOpen() {
    if (closed) {
      throw new QuartetException(ErrorCode.UNAVAILABLE, "the decoder is closed");
    }
  }
}
