package io.quartet.evaluation;

import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.GoldScorer;
import io.quartet.datasets.Split;
import io.quartet.datasets.Word;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.Generation;
import io.quartet.decoder.SamplingParams;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a base model knows by heart: the likeliest continuation of "{@code anchor means}" up to the
 * full stop, for every word.
 */
public record GlossRecall(List<Recital> recitals) {
  // Glosses have at most twelve words, mostly of one or two tokens.
  private static final int MAX_TOKENS = 48;

  /** What came for a word. */
  public record Recital(Word word, String text) {
    /** Whether it is the gloss, letter by letter. */
    public boolean exact() {
      return text.equals(word.gloss());
    }
  }

  /** Asks for every word. */
  public static GlossRecall measure(DecoderEngine engine, Tokenizer tokenizer, List<Word> words) {
    int begin = engine.config().beginTokenId();
    List<int[]> prompts =
        words.stream()
            .map(word -> tokenizer.encode(" %s means".formatted(word.lemma())))
            .map(tokens -> AnswerSampler.document(begin, tokens))
            .toList();
    SamplingParams params =
        SamplingParams.greedy(MAX_TOKENS).toBuilder().stop(List.of(".")).build();
    List<Generation> generations =
        engine.generate(prompts, words.stream().map(word -> params).toList());
    return new GlossRecall(
        IntStream.range(0, words.size())
            .mapToObj(
                i -> {
                  String text = tokenizer.decode(generations.get(i).tokenIds());
                  return new Recital(words.get(i), text.split("\\.", 2)[0].strip());
                })
            .toList());
  }

  /** The share of words whose gloss came exactly, 0 to 1. */
  public double exact() {
    return recitals.stream().mapToInt(r -> r.exact() ? 1 : 0).average().orElse(0);
  }

  /** The same among the words of a split; 0 if there are none. */
  public double exact(Split split) {
    return recitals.stream()
        .filter(r -> r.word().split() == split)
        .mapToInt(r -> r.exact() ? 1 : 0)
        .average()
        .orElse(0);
  }

  /** The mean token F1 with the gloss, 0 to 1. */
  public double tokenF1() {
    return recitals.stream()
        .mapToDouble(r -> GoldScorer.tokenF1(r.text(), r.word().gloss()))
        .average()
        .orElse(0);
  }

  /** The value for a checkpoint's metrics. */
  public Map<String, Object> toMetrics() {
    Map<String, Object> metrics = new LinkedHashMap<>();
    metrics.put("words", recitals.size());
    metrics.put("exact", exact());
    metrics.put("exact_held_out", exact(Split.C));
    metrics.put("token_f1", tokenF1());
    return metrics;
  }
}
