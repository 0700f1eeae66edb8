package io.quartet.decoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.stream.IntStream;

/**
 * Scores whole sequences: a language model gives log-probabilities, a reward model rewards.
 * Sequences are read side by side, padded on the right, in batches that bound the memory; a score
 * does not depend on the batch.
 *
 * <p>Safe for any thread; calls run one after the other.
 */
public final class SequenceScorer implements AutoCloseable {
  private static final int MAX_BATCH_TOKENS = 2048;

  /** Logits exist for a whole batch at once: 64 MB of them. */
  private static final int MAX_BATCH_LOGITS = 1 << 24;

  private final ModelFiles model;
  private final OrtSession session;

  private SequenceScorer(ModelFiles model, OrtSession session) {
    this.model = model;
    this.session = session;
  }

  /**
   * Loads a checkpoint.
   *
   * @param threads of computation
   * @throws QuartetException NOT_FOUND if a file is missing; DATA_LOSS if the weights are
   *     truncated; INVALID_ARGUMENT, naming the tensor, if they are another model's
   */
  public static SequenceScorer open(Checkpoint checkpoint, int threads) {
    return open(checkpoint, threads, Precision.FP32);
  }

  /** Loads a checkpoint in a precision; see {@link #open(Checkpoint, int)}. */
  public static SequenceScorer open(Checkpoint checkpoint, int threads, Precision precision) {
    return open(ModelFiles.of(checkpoint).at(precision), threads);
  }

  /** Loads a Hugging Face folder; see {@link #open(Checkpoint, int)}. */
  public static SequenceScorer open(Path directory, int threads) {
    return open(ModelFiles.of(directory), threads);
  }

  static SequenceScorer open(ModelFiles model, int threads) {
    Function<Weights, byte[]> graph =
        switch (model.config().architecture()) {
          case CAUSAL_LM -> DecoderGraph::logProbabilities;
          case SEQUENCE_CLASSIFICATION -> DecoderGraph::rewards;
        };
    return new SequenceScorer(model, Onnx.open(model, graph, threads, false));
  }

  /** Loads a language model for {@link #predictions}. */
  static SequenceScorer predicting(ModelFiles model, int threads) {
    model.require(Architecture.CAUSAL_LM);
    return new SequenceScorer(model, Onnx.open(model, DecoderGraph::predictions, threads, false));
  }

  /** The most tokens of one sequence. */
  public int contextLength() {
    return model.config().contextLength();
  }

  /**
   * One reward for each sequence, read at its last token (LlamaForSequenceClassification with one
   * label and padding on the right).
   *
   * @throws QuartetException FAILED_PRECONDITION if this is no reward model; INVALID_ARGUMENT if a
   *     sequence is empty, has a token outside the vocabulary, or is longer than the context
   */
  public synchronized float[] rewards(List<int[]> sequences) {
    model.require(Architecture.SEQUENCE_CLASSIFICATION);
    float[] rewards = new float[sequences.size()];
    for (List<Integer> batch : batches(sequences, MAX_BATCH_TOKENS)) {
      run(
          sequences,
          batch,
          false,
          result -> {
            FloatBuffer scores = tensor(result, DecoderGraph.REWARDS).getFloatBuffer();
            batch.forEach(i -> rewards[i] = scores.get());
          });
    }
    return rewards;
  }

  /**
   * Log-probabilities of given tokens, at temperature 1.
   *
   * @return for each sequence its length − 1 values in nats; the i-th is of token i + 1 given those
   *     before it
   * @throws QuartetException FAILED_PRECONDITION if this is no language model; INVALID_ARGUMENT if
   *     a sequence is empty, has a token outside the vocabulary, or is longer than the context
   */
  public synchronized float[][] logProbs(List<int[]> sequences) {
    model.require(Architecture.CAUSAL_LM);
    List<List<Integer>> batches = batchesOfLogits(sequences);
    float[][] logProbs = new float[sequences.size()][];
    Arrays.setAll(logProbs, i -> new float[sequences.get(i).length - 1]);
    for (List<Integer> batch : batches) {
      run(sequences, batch, true, result -> readLogProbs(result, batch, logProbs));
    }
    return logProbs;
  }

  /**
   * What the model says of every token but the first of each sequence; of a scorer opened with
   * {@link #predicting}.
   */
  synchronized Predictions predictions(List<int[]> sequences) {
    model.require(Architecture.CAUSAL_LM);
    List<List<Integer>> batches = batchesOfLogits(sequences);
    float[][] logProbs = new float[sequences.size()][];
    Arrays.setAll(logProbs, i -> new float[sequences.get(i).length - 1]);
    int[][] likeliest = new int[sequences.size()][];
    Arrays.setAll(likeliest, i -> new int[sequences.get(i).length - 1]);
    for (List<Integer> batch : batches) {
      run(
          sequences,
          batch,
          true,
          result -> {
            readLogProbs(result, batch, logProbs);
            LongBuffer tokens = tensor(result, DecoderGraph.LIKELIEST).getLongBuffer();
            batch.forEach(i -> Arrays.setAll(likeliest[i], t -> Math.toIntExact(tokens.get())));
          });
    }
    return new Predictions(List.of(logProbs), List.of(likeliest));
  }

  @Override
  public synchronized void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw Onnx.failure("cannot close", e);
    }
  }

  /**
   * The sequences' indices by length, in batches of at most so many tokens with padding, or one.
   */
  private List<List<Integer>> batches(List<int[]> sequences, int mostTokens) {
    sequences.forEach(this::check);
    List<List<Integer>> batches = new ArrayList<>();
    List<Integer> batch = new ArrayList<>();
    List<Integer> byLength =
        IntStream.range(0, sequences.size())
            .boxed()
            .sorted(Comparator.comparing(i -> sequences.get(i).length))
            .toList();
    for (int i : byLength) {
      if (!batch.isEmpty() && sequences.get(i).length * (batch.size() + 1) > mostTokens) {
        batches.add(batch);
        batch = new ArrayList<>();
      }
      batch.add(i);
    }
    if (!batch.isEmpty()) {
      batches.add(batch);
    }
    return batches;
  }

  private List<List<Integer>> batchesOfLogits(List<int[]> sequences) {
    int logits = MAX_BATCH_LOGITS / model.config().vocabularySize();
    return batches(sequences, Math.min(MAX_BATCH_TOKENS, logits));
  }

  private static void readLogProbs(
      OrtSession.Result result, List<Integer> batch, float[][] logProbs) {
    FloatBuffer scores = tensor(result, DecoderGraph.LOG_PROBABILITIES).getFloatBuffer();
    batch.forEach(i -> scores.get(logProbs[i]));
  }

  private static OnnxTensor tensor(OrtSession.Result result, String output) {
    return (OnnxTensor) result.get(output).orElseThrow();
  }

  private void check(int[] sequence) {
    LoadedModel.requireTokens(model, sequence);
    if (sequence.length > contextLength()) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "sequence of %d tokens, expected at most the context length %d of %s"
              .formatted(sequence.length, contextLength(), model.name()));
    }
  }

  /** Reads the head's values: for every token but the last of each sequence, or for the last. */
  private void run(
      List<int[]> sequences,
      List<Integer> batch,
      boolean everyToken,
      Consumer<OrtSession.Result> read) {
    Map<String, OnnxTensor> inputs = new HashMap<>();
    try {
      addTokens(inputs, sequences, batch);
      if (addRows(inputs, sequences, batch, everyToken) == 0) {
        return; // single tokens have nothing before them
      }
      try (OrtSession.Result result = session.run(inputs)) {
        read.accept(result);
      }
    } catch (OrtException e) {
      throw Onnx.failure("scoring %d sequences".formatted(batch.size()), e);
    } finally {
      inputs.values().forEach(OnnxTensor::close);
    }
  }

  private static void addTokens(
      Map<String, OnnxTensor> inputs, List<int[]> sequences, List<Integer> batch)
      throws OrtException {
    int width = sequences.get(batch.get(batch.size() - 1)).length; // they are sorted by length
    LongBuffer tokens = LongBuffer.allocate(batch.size() * width);
    IntBuffer lastPositions = IntBuffer.allocate(batch.size());
    for (int b = 0; b < batch.size(); b++) {
      int[] sequence = sequences.get(batch.get(b));
      lastPositions.put(sequence.length - 1);
      for (int t = 0; t < sequence.length; t++) {
        tokens.put(b * width + t, sequence[t]);
      }
    }
    add(inputs, DecoderGraph.TOKENS, tokens.rewind(), batch.size(), width);
    add(inputs, DecoderGraph.LAST_POSITIONS, lastPositions.flip(), batch.size());
    add(inputs, DecoderGraph.LONGEST, IntBuffer.wrap(new int[] {width}));
  }

  /** Which tokens go through the head, and with every token, what follows each; how many. */
  private static int addRows(
      Map<String, OnnxTensor> inputs,
      List<int[]> sequences,
      List<Integer> batch,
      boolean everyToken)
      throws OrtException {
    int most = everyToken ? batch.stream().mapToInt(i -> sequences.get(i).length).sum() : 0;
    LongBuffer rows = LongBuffer.allocate(2 * Math.max(most, batch.size()));
    LongBuffer targets = LongBuffer.allocate(most);
    for (int b = 0; b < batch.size(); b++) {
      int[] sequence = sequences.get(batch.get(b));
      if (everyToken) {
        for (int t = 0; t < sequence.length - 1; t++) {
          rows.put(b).put(t);
          targets.put(sequence[t + 1]);
        }
      } else {
        rows.put(b).put(sequence.length - 1);
      }
    }
    int count = rows.position() / 2;
    add(inputs, DecoderGraph.ROWS, rows.flip(), count, 2);
    if (everyToken) {
      add(inputs, DecoderGraph.TARGETS, targets.flip(), count, 1);
    }
    return count;
  }

  private static void add(
      Map<String, OnnxTensor> inputs, String name, LongBuffer values, long... shape)
      throws OrtException {
    inputs.put(name, OnnxTensor.createTensor(Onnx.environment(), values, shape));
  }

  private static void add(
      Map<String, OnnxTensor> inputs, String name, IntBuffer values, long... shape)
      throws OrtException {
    inputs.put(name, OnnxTensor.createTensor(Onnx.environment(), values, shape));
  }

  /**
   * Of each sequence, for every token but its first.
   *
   * @param logProbs of the token itself, in nats
   * @param likeliest the token that was likeliest in its place
   */
  record Predictions(List<float[]> logProbs, List<int[]> likeliest) {}
}
