package io.quartet.bench.gateway;

import io.quartet.bench.Round;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.GenerationHandle;
import io.quartet.decoder.SamplingParams;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** The engine alone, with what the gateway is asked: a round for each line that it reads. */
public final class EngineRounds {
  private EngineRounds() {}

  /**
   * Prints a {@link Round}: tokens a second of all streams, and milliseconds to the first token of
   * an answer that is alone as its loss.
   *
   * @param arguments the weights' folder
   */
  public static void main(String[] arguments) throws IOException, InterruptedException {
    var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    var random = new SplittableRandom(1);
    try (var engine =
        DecoderEngine.open(
            Path.of(arguments[0]), new DecoderOptions(Streams.STREAMS, Round.THREADS))) {
      while (lines.readLine() != null) {
        System.out.println(round(engine, random));
      }
    }
  }

  private static Round round(DecoderEngine engine, SplittableRandom random)
      throws InterruptedException {
    double[] first = new double[Streams.ALONE];
    for (int i = 0; i < first.length; i++) {
      long asked = System.nanoTime();
      engine.generate(
          List.of(prompt(random)), List.of(SamplingParams.sampled(1, random.nextInt(), 1)));
      first[i] = (System.nanoTime() - asked) / 1e6;
    }
    long begun = System.nanoTime();
    List<GenerationHandle> answers = new ArrayList<>();
    for (int i = 0; i < Streams.STREAMS; i++) { // one by one, as they come to the gateway
      var params = SamplingParams.sampled(1, random.nextInt(), Streams.TOKENS);
      answers.add(engine.submit(prompt(random), params, token -> {}));
    }
    int tokens = 0;
    for (GenerationHandle answer : answers) {
      tokens += answer.await().tokenIds().length;
    }
    double seconds = (System.nanoTime() - begun) / 1e9;
    Arrays.sort(first);
    return new Round(tokens / seconds, 0, 0, 0, first[first.length / 2]);
  }

  private static int[] prompt(SplittableRandom random) {
    return random.ints(Streams.PROMPT, 300, Weights.SHAPE.vocabularySize()).toArray();
  }
}
