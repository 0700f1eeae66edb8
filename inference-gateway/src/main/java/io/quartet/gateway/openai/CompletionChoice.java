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

/** A choice of {@code /v1/completions}. */
final class CompletionChoice implements Choice {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final int index;
  private final boolean logProbs;
  private final boolean echo;
  private @Nullable Spelling spelling; // once the answer has begun
  private String unsaidPrompt = "";
  private int offset;

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
  public Optional<ObjectNode> begin(AnswerSink.Beginning beginning) {
    spelling = new Spelling(beginning.tokenizer());
    if (echo) {
      unsaidPrompt = beginning.tokenizer().decode(beginning.prompt());
    }
    return Optional.empty();
  }

  @Override
  public ObjectNode part(String text, List<ScoredToken> tokens) {
    return choice(text, tokens, null);
  }

  @Override
  public ObjectNode end(FinishReason reason) {
    return choice("", List.of(), Choice.word(reason));
  }

  @Override
  public ObjectNode whole(String text, List<ScoredToken> tokens, FinishReason reason) {
    return choice(text, tokens, Choice.word(reason));
  }

  private ObjectNode choice(String text, List<ScoredToken> tokens, @Nullable String finishReason) {
    String prompt = unsaidPrompt;
    unsaidPrompt = "";
    offset += prompt.length();
    ObjectNode choice = JSON.objectNode().put("text", prompt + text).put("index", index);
    choice.set("logprobs", logProbs && !tokens.isEmpty() ? logProbs(tokens) : JSON.nullNode());
    return choice.put("finish_reason", finishReason);
  }

  private ObjectNode logProbs(List<ScoredToken> tokens) {
    if (spelling == null) {
      throw new IllegalStateException("a token came before the answer began");
    }
    ArrayNode texts = JSON.arrayNode();
    ArrayNode values = JSON.arrayNode();
    ArrayNode likeliest = JSON.arrayNode();
    ArrayNode offsets = JSON.arrayNode();
    for (ScoredToken token : tokens) {
      String text = spelling.text(token.id());
      texts.add(text);
      values.add(token.logProb());
      offsets.add(offset);
      offset += text.length();
      ObjectNode alternatives = JSON.objectNode();
      for (ScoredToken.Alternative other : token.alternatives()) {
        alternatives.put(spelling.text(other.id()), other.logProb());
      }
      likeliest.add(alternatives);
    }
    ObjectNode told = JSON.objectNode();
    told.set("tokens", texts);
    told.set("token_logprobs", values);
    told.set("top_logprobs", likeliest);
    told.set("text_offset", offsets);
    return told;
  }
}
