package io.quartet.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import io.quartet.decoder.ScoredToken;
import io.quartet.gateway.AnswerSink;
import io.quartet.v1.FinishReason;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A choice of {@code /v1/completions}. */
final class CompletionChoice implements Choice {
  /** Of the first token of all, which nothing comes before. */
  private static final float UNKNOWN = Float.NaN;

  private final int index;
  private final boolean logProbs;
  private final boolean echo;
  private AnswerSink.@Nullable Beginning beginning; // once the answer has begun
  private @Nullable Spelling spelling; // likewise
  private boolean promptTold;

  /**
   * @param logProbs whether tokens are told with their log-probabilities
   * @param echo whether the prompt comes before the answer
   */
  CompletionChoice(int index, boolean logProbs, boolean echo) {
    this.index = index;
    this.logProbs = logProbs;
    this.echo = echo;
  }

  @Override
  public Optional<Stream<JsonPart>> begin(AnswerSink.Beginning beginning) {
    this.beginning = beginning;
    spelling = new Spelling(beginning.tokenizer(), echo);
    return Optional.empty();
  }

  @Override
  public Optional<Stream<JsonPart>> prompt(List<ScoredToken> tokens) {
    return Optional.of(choice("", tokens, null));
  }

  @Override
  public Optional<Stream<JsonPart>> part(String text, List<ScoredToken> tokens) {
    return text.isEmpty() && !logProbs ? Optional.empty() : Optional.of(choice(text, tokens, null));
  }

  @Override
  public Stream<JsonPart> end(FinishReason reason) {
    return choice("", List.of(), Choice.word(reason));
  }

  @Override
  public Stream<JsonPart> whole(
      List<ScoredToken> prompt, String text, List<ScoredToken> tokens, FinishReason reason) {
    List<ScoredToken> all = new ArrayList<>(prompt);
    all.addAll(tokens);
    return choice(text, all, Choice.word(reason));
  }

  private Stream<JsonPart> choice(
      String text, List<ScoredToken> tokens, @Nullable String finishReason) {
    if (beginning == null || spelling == null) {
      throw new IllegalStateException("a token came before the answer began");
    }
    boolean withPrompt = echo && !promptTold;
    promptTold = true;
    String told = withPrompt ? beginning.promptText() + text : text;
    List<ScoredToken> all = new ArrayList<>();
    if (withPrompt) {
      all.add(new ScoredToken(beginning.prompt()[0], UNKNOWN, List.of()));
    }
    all.addAll(tokens);
    return Choice.framed(
        json -> {
          json.writeStringField("text", told);
          json.writeNumberField("index", index);
        },
        logProbs && !all.isEmpty() ? new LogProbColumns(spelling).of(all) : null,
        finishReason);
  }

  /** Four lists with an element for each token. */
  private record LogProbColumns(Spelling spelling) {
    Stream<JsonPart> of(List<ScoredToken> tokens) {
      return Stream.of(
              JsonPart.of(JsonGenerator::writeStartObject),
              column("tokens", tokens, this::text),
              column("token_logprobs", tokens, this::logProb),
              column("top_logprobs", tokens, this::likeliest),
              column("text_offset", tokens, this::place),
              JsonPart.of(JsonGenerator::writeEndObject))
          .reduce(Stream.empty(), Stream::concat);
    }

    private static Stream<JsonPart> column(
        String name, List<ScoredToken> tokens, Function<ScoredToken, JsonPart> element) {
      return JsonPart.around(
          json -> json.writeArrayFieldStart(name),
          tokens.stream().map(element),
          JsonGenerator::writeEndArray);
    }

    private JsonPart text(ScoredToken token) {
      return json -> json.writeString(spelling.textOrBytes(token.id()));
    }

    private JsonPart logProb(ScoredToken token) {
      return json -> {
        if (Float.isNaN(token.logProb())) {
          json.writeNull();
        } else {
          json.writeNumber(token.logProb());
        }
      };
    }

    /** Alternatives by spelling, the likeliest of those that share one. */
    private JsonPart likeliest(ScoredToken token) {
      if (Float.isNaN(token.logProb())) {
        return JsonGenerator::writeNull;
      }
      Map<String, Float> alternatives = new LinkedHashMap<>();
      for (ScoredToken.Alternative other : token.alternatives()) {
        alternatives.putIfAbsent(spelling.textOrBytes(other.id()), other.logProb());
      }
      // As OpenAI does, one more than asked for.
      alternatives.putIfAbsent(spelling.textOrBytes(token.id()), token.logProb());
      return json -> {
        json.writeStartObject();
        for (Map.Entry<String, Float> alternative : alternatives.entrySet()) {
          json.writeNumberField(alternative.getKey(), alternative.getValue());
        }
        json.writeEndObject();
      };
    }

    private JsonPart place(ScoredToken token) {
      return json -> json.writeNumber(spelling.place(token.id()));
    }
  }
}
