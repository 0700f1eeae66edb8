package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.JsonNode;
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
  private AnswerSink.@Nullable Beginning beginning; // once the answer has begun
  private @Nullable Spelling spelling; // likewise
  private List<ScoredToken> prompt = List.of();
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
  public Optional<ObjectNode> begin(AnswerSink.Beginning beginning) {
    this.beginning = beginning;
    spelling = new Spelling(beginning.tokenizer(), echo);
    return Optional.empty();
  }

  @Override
  public void prompt(List<ScoredToken> tokens) {
    prompt = tokens;
  }

  @Override
  public Optional<ObjectNode> part(String text, List<ScoredToken> tokens) {
    return text.isEmpty() && !logProbs ? Optional.empty() : Optional.of(choice(text, tokens, null));
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
    if (beginning == null || spelling == null) {
      throw new IllegalStateException("a token came before the answer began");
    }
    boolean withPrompt = echo && !promptTold;
    promptTold = true;
    var columns = new LogProbColumns(spelling);
    if (withPrompt && logProbs) {
      columns.first(beginning.prompt()[0]);
      prompt.forEach(columns::add);
    }
    tokens.forEach(columns::add);
    ObjectNode choice =
        JSON.objectNode()
            .put("text", withPrompt ? beginning.promptText() + text : text)
            .put("index", index);
    choice.set("logprobs", logProbs && !columns.empty() ? columns.json() : JSON.nullNode());
    return choice.put("finish_reason", finishReason);
  }

  /** Four lists with an element for each token. */
  private static final class LogProbColumns {
    private final Spelling spelling;
    private final ArrayNode tokens = JSON.arrayNode();
    private final ArrayNode values = JSON.arrayNode();
    private final ArrayNode likeliest = JSON.arrayNode();
    private final ArrayNode offsets = JSON.arrayNode();

    LogProbColumns(Spelling spelling) {
      this.spelling = spelling;
    }

    boolean empty() {
      return tokens.isEmpty();
    }

    /** The first token of all, which nothing comes before. */
    void first(int token) {
      add(token, JSON.nullNode(), JSON.nullNode());
    }

    /** A token with its alternatives by spelling, the likeliest of those that share one. */
    void add(ScoredToken token) {
      ObjectNode alternatives = JSON.objectNode();
      for (ScoredToken.Alternative other : token.alternatives()) {
        put(alternatives, other.id(), other.logProb());
      }
      put(alternatives, token.id(), token.logProb()); // as OpenAI does, one more than asked for
      add(token.id(), JSON.numberNode(token.logProb()), alternatives);
    }

    private void put(ObjectNode alternatives, int token, float logProb) {
      alternatives.putIfAbsent(spelling.textOrBytes(token), JSON.numberNode(logProb));
    }

    private void add(int token, JsonNode logProb, JsonNode alternatives) {
      tokens.add(spelling.textOrBytes(token));
      values.add(logProb);
      likeliest.add(alternatives);
      offsets.add(spelling.place(token));
    }

    ObjectNode json() {
      ObjectNode told = JSON.objectNode();
      told.set("tokens", tokens);
      told.set("token_logprobs", values);
      told.set("top_logprobs", likeliest);
      told.set("text_offset", offsets);
      return told;
    }
  }
}
