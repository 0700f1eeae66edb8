package io.quartet.bench;

import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.Precision;
import io.quartet.decoder.SamplingParams;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Quartet's side of {@link DecodeSideBySide}: the engine as the gateway uses it, drawing of tokens
 * included. An answer's speed is that of the tokens after its first, so the prompt does not count.
 */
final class QuartetDecoder implements AutoCloseable {
  private final DecoderEngine engine;
  private final int tokens;
  private final SplittableRandom random = new SplittableRandom(1);

  /**
   * @param tokens of each answer
   */
  QuartetDecoder(Path model, Precision precision, int tokens) {
    int context = Math.max(DecodeRound.PROMPT + tokens, DecodeRound.PREFILL) + 1;
    var options =
        new DecoderOptions(DecodeRound.SEQUENCES, Round.THREADS, precision)
            .withContextLimit(context)
            .onDedicatedCores(true); // as llama.cpp, which always spins
    this.engine = DecoderEngine.open(model, options);
    this.tokens = tokens;
  }

  DecodeRound round() {
    return new DecodeRound(decode(1), decode(DecodeRound.SEQUENCES), prefill());
  }

  private double decode(int sequences) {
    int[] prompt = prompt(DecodeRound.PROMPT);
    double first = seconds(prompt, sequences, 1);
    double all = seconds(prompt, sequences, 1 + tokens);
    return sequences * tokens / (all - first);
  }

  private double prefill() {
    double seconds = 0;
    for (int i = 0; i < DecodeRound.PREFILLS; i++) {
      seconds += seconds(prompt(DecodeRound.PREFILL), 1, 1);
    }
    return DecodeRound.PREFILLS * DecodeRound.PREFILL / seconds;
  }

  private double seconds(int[] prompt, int sequences, int maxTokens) {
    List<int[]> prompts = Collections.nCopies(sequences, prompt);
    var params = Collections.nCopies(sequences, SamplingParams.greedy(maxTokens));
    long begun = System.nanoTime();
    engine.generate(prompts, params);
    return (System.nanoTime() - begun) / 1e9;
  }

  private int[] prompt(int length) {
    return random.ints(length, 6, engine.config().vocabularySize()).toArray();
  }

  @Override
  public void close() {
    engine.close();
  }
}
