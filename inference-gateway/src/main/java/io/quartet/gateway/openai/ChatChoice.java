package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.decoder.ScoredToken;
import io.quartet.gateway.AnswerSink;
import io.quartet.v1.FinishReason;
import java.util.List;
import java.util.Optional;
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
  public Optional<ObjectNode> begin(AnswerSink.Beginning beginning) {
    spelling = new Spelling(beginning.tokenizer(), false);
    return Optional.of(
        streamed(JSON.objectNode().put("role", "assistant").put("content", ""), List.of(), null));
  }

  @Override
  public void prompt(List<ScoredToken> tokens) {} // this API has no place for them

  @Override
  public Optional<ObjectNode> part(String text, List<ScoredToken> tokens) {
    return text.isEmpty() && !logProbs
        ? Optional.empty()
        : Optional.of(streamed(JSON.objectNode().put("content", text), tokens, null));
  }

  @Override
  public ObjectNode end(FinishReason reason) {
    return streamed(JSON.objectNode(), List.of(), Choice.word(reason));
  }

  @Override
  public ObjectNode whole(String text, List<ScoredToken> tokens, FinishReason reason) {
    ObjectNode message =
        JSON.objectNode().put("role", "assistant").put("content", text).putNull("refusal");
    return choice("message", message, tokens, Choice.word(reason));
  }

  private ObjectNode streamed(
      ObjectNode delta, List<ScoredToken> tokens, @Nullable String finishReason) {
    return choice("delta", delta, tokens, finishReason);
  }

  private ObjectNode choice(
      String kind, ObjectNode said, List<ScoredToken> tokens, @Nullable String finishReason) {
    ObjectNode choice = JSON.objectNode().put("index", index);
    choice.set(kind, said);
    choice.set("logprobs", logProbs && !tokens.isEmpty() ? logProbs(tokens) : JSON.nullNode());
    return choice.put("finish_reason", finishReason);
  }

  private ObjectNode logProbs(List<ScoredToken> tokens) {
    ArrayNode content = JSON.arrayNode();
    for (ScoredToken token : tokens) {
      ArrayNode alternatives = JSON.arrayNode();
      token.alternatives().forEach(other -> alternatives.add(logProb(other.id(), other.logProb())));
      content.add(logProb(token.id(), token.logProb()).set("top_logprobs", alternatives));
    }
    ObjectNode logProbs = JSON.objectNode();
    logProbs.set("content", content);
    return logProbs.putNull("refusal");
  }

  private ObjectNode logProb(int token, float logProb) {
    if (spelling == null) {
      throw new IllegalStateException("a token came before the answer began");
    }
    ArrayNode bytes = JSON.arrayNode();
    for (byte b : spelling.bytes(token)) {
      bytes.add(b & 0xff);
    }
    ObjectNode told = JSON.objectNode().put("token", spelling.text(token)).put("logprob", logProb);
    return told.set("bytes", bytes);
  }
}
