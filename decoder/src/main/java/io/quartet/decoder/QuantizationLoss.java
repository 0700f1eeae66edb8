package io.quartet.decoder;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.SequenceScorer.Predictions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a precision costs a model: the same text read at it and at FP32.
 *
 * @param precision what the matrices were held in
 * @param tokens how many were predicted
 * @param fullPerplexity exp of the mean of −log p at FP32
 * @param perplexity the same at {@code precision}
 * @param agreement the share of tokens in whose place both found the same token likeliest
 */
public record QuantizationLoss(
    Precision precision, int tokens, double fullPerplexity, double perplexity, double agreement) {
  private static final int SLOTS = 16;

  /**
   * Reads given text.
   *
   * @param sequences of tokens; the first of each is not predicted
   * @param threads of computation
   * @throws QuartetException INVALID_ARGUMENT if no sequence has a second token, one has a token
   *     outside the vocabulary, or is longer than the context; else as {@link
   *     DecoderEngine#open(Checkpoint, DecoderOptions)}
   */
  public static QuantizationLoss measure(
      Checkpoint checkpoint, Precision precision, List<int[]> sequences, int threads) {
    return measure(ModelFiles.of(checkpoint), precision, sequences, threads);
  }

  /** Reads given text with a Hugging Face folder's model; see the other. */
  public static QuantizationLoss measure(
      Path directory, Precision precision, List<int[]> sequences, int threads) {
    return measure(ModelFiles.of(directory), precision, sequences, threads);
  }

  /**
   * Reads what the model itself says at FP32, at temperature 1 and a fixed seed: for when there is
   * no text that it was trained on. The prompts are read too.
   *
   * @param prompts what it goes on from, each with at least one token
   * @param maxTokens of each answer
   * @param threads of computation
   * @throws QuartetException as {@link #measure(Checkpoint, Precision, List, int)}
   */
  public static QuantizationLoss ofOwnText(
      Checkpoint checkpoint, Precision precision, List<int[]> prompts, int maxTokens, int threads) {
    List<SamplingParams> params = new ArrayList<>();
    for (int i = 0; i < prompts.size(); i++) {
      params.add(SamplingParams.sampled(1, i, maxTokens));
    }
    List<int[]> sequences = new ArrayList<>();
    int longest = prompts.stream().mapToInt(prompt -> prompt.length).max().orElse(1);
    int needed = (int) Math.min(Integer.MAX_VALUE, (long) longest + maxTokens);
    var options = new DecoderOptions(SLOTS, threads).withContextLimit(needed);
    try (var engine = DecoderEngine.open(checkpoint, options)) {
      List<Generation> answers = engine.generate(prompts, params);
      for (int i = 0; i < prompts.size(); i++) {
        int[] prompt = prompts.get(i);
        int[] answer = answers.get(i).tokenIds();
        int[] whole = Arrays.copyOf(prompt, prompt.length + answer.length);
        System.arraycopy(answer, 0, whole, prompt.length, answer.length);
        sequences.add(whole);
      }
    }
    return measure(checkpoint, precision, sequences, threads);
  }

  private static QuantizationLoss measure(
      ModelFiles model, Precision precision, List<int[]> sequences, int threads) {
    int tokens = sequences.stream().mapToInt(sequence -> Math.max(0, sequence.length - 1)).sum();
    if (tokens == 0) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT, "no token to predict, expected sequences of 2 or more");
    }
    Predictions full = predictions(model.at(Precision.FP32), sequences, threads);
    Predictions quantized = predictions(model.at(precision), sequences, threads);
    int agreed = 0;
    for (int i = 0; i < sequences.size(); i++) {
      int[] expected = full.likeliest().get(i);
      int[] found = quantized.likeliest().get(i);
      for (int t = 0; t < expected.length; t++) {
        agreed += expected[t] == found[t] ? 1 : 0;
      }
    }
    return new QuantizationLoss(
        precision,
        tokens,
        perplexity(full, tokens),
        perplexity(quantized, tokens),
        (double) agreed / tokens);
  }

  /** One model after the other, so that only one is in memory. */
  private static Predictions predictions(ModelFiles model, List<int[]> sequences, int threads) {
    try (SequenceScorer scorer = SequenceScorer.predicting(model, threads)) {
      return scorer.predictions(sequences);
    }
  }

  private static double perplexity(Predictions predictions, int tokens) {
    double sum = 0;
    for (float[] logProbs : predictions.logProbs()) {
      for (float logProb : logProbs) {
        sum -= logProb;
      }
    }
    return Math.exp(sum / tokens);
  }
}
