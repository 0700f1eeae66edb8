package io.quartet.gateway.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.decoder.ScoredToken;
import io.quartet.gateway.AnswerSink;
import io.quartet.v1.FinishReason;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A choice of {@code /v1/chat/completions}. */
final class ChatChoice implements Choice {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final int index;
  private final boolean logProbs;
  private @Nullable Spelling spelling; // once the answer has begun

  /**
   * @param logProbs whether tokens are told with their log-probabilities
   */
  ChatChoice(int index, boolean logProbs) {
    this.index = index;
    this.logProbs = logProbs;
  }

  @Override
  public Optional<Stream<JsonPart>> begin(AnswerSink.Beginning beginning) {
    spelling = new Spelling(beginning.tokenizer(), false);
    return Optional.of(
        streamed(JSON.objectNode().put("role", "assistant").put("content", ""), List.of(), null));
  }

  @Override
  public Optional<Stream<JsonPart>> prompt(List<ScoredToken> tokens) {
    return Optional.empty();
  }

  @Override
  public Optional<Stream<JsonPart>> part(String text, List<ScoredToken> tokens) {
    return text.isEmpty() && !logProbs
        ? Optional.empty()
        : Optional.of(streamed(JSON.objectNode().put("content", text), tokens, null));
  }

  @Override
  public Stream<JsonPart> end(FinishReason reason) {
    return streamed(JSON.objectNode(), List.of(), Choice.word(reason));
  }

  @Override
  public Stream<JsonPart> whole(
      List<ScoredToken> prompt, String text, List<ScoredToken> tokens, FinishReason reason) {
    ObjectNode message =
        JSON.objectNode().put("role", "assistant").put("content", text).putNull("refusal");
    return choice("message", message, tokens, Choice.word(reason));
  }

  private Stream<JsonPart> streamed(
      ObjectNode delta, List<ScoredToken> tokens, @Nullable String finishReason) {
    return choice("delta", delta, tokens, finishReason);
  }

  private Stream<JsonPart> choice(
      String kind, ObjectNode said, List<ScoredToken> tokens, @Nullable String finishReason) {
    return Choice.framed(
        json -> {
          json.writeNumberField("index", index);
          JsonPart.field(kind, said).write(json);
        },
        logProbs && !tokens.isEmpty() ? logProbs(tokens) : null,
        finishReason);
  }

  private Stream<JsonPart> logProbs(List<ScoredToken> tokens) {
    return JsonPart.around(
        json -> {
          json.writeStartObject();
          json.writeArrayFieldStart("content");
        },
        tokens.stream().map(this::logProb),
        json -> {
          json.writeEndArray();
          json.writeNullField("refusal");
          json.writeEndObject();
        });
  }

  private JsonPart logProb(ScoredToken token) {
    return json -> {
      json.writeStartObject();
      logProb(json, token.id(), token.logProb());
      json.writeArrayFieldStart("top_logprobs");
      for (ScoredToken.Alternative other : token.alternatives()) {
        json.writeStartObject();
        logProb(json, other.id(), other.logProb());
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeEndObject();
    };
  }

  private void logProb(JsonGenerator json, int token, float logProb) throws IOException {
    if (spelling == null) {
      throw new IllegalStateException("a token came before the answer began");
    }
    json.writeStringField("token", spelling.text(token));
    json.writeNumberField("logprob", logProb);
    json.writeArrayFieldStart("bytes");
    for (byte b : spelling.bytes(token)) {
      json.writeNumber(b & 0xff);
    }
    json.writeEndArray();
  }
}
