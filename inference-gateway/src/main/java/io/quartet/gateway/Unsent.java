package io.quartet.gateway;

import io.quartet.decoder.ScoredToken;
import java.util.ArrayList;
import java.util.List;

/** What of an answer waits for its reader. Used by one thread at a time. */
final class Unsent {
  /** Tokens and their alternatives that a reader is handed at once, however many wait for it. */
  private static final int MOST_AT_ONCE = 4096;

  private final StringBuilder text = new StringBuilder();
  private final List<ScoredToken> tokens = new ArrayList<>();
  private final List<ScoredToken> prompt = new ArrayList<>();

  /** The prompt's scored tokens, which go before all else. */
  void prompt(List<ScoredToken> scored) {
    prompt.addAll(scored);
  }

  /** A token and the text that it lets out; often none. */
  void token(ScoredToken token, String more) {
    tokens.add(token);
    text.append(more);
  }

  /** Text that was held back until the end. */
  void text(String more) {
    text.append(more);
  }

  boolean isEmpty() {
    return prompt.isEmpty() && tokens.isEmpty() && text.length() == 0;
  }

  /** Hands the reader the next of it, no more than makes a message of a moderate size. */
  void hand(AnswerSink sink, Progress progress) {
    if (!prompt.isEmpty()) {
      List<ScoredToken> piece = next(prompt);
      sink.prompt(piece);
      progress.sent(piece);
    }
    if (prompt.isEmpty() && !isEmpty()) {
      List<ScoredToken> piece = next(tokens);
      sink.part(text.toString(), piece);
      text.setLength(0);
      progress.sent(piece);
    }
  }

  private static List<ScoredToken> next(List<ScoredToken> waiting) {
    if (waiting.isEmpty()) {
      return List.of();
    }
    int most = Math.max(1, MOST_AT_ONCE / (1 + waiting.get(0).alternatives().size()));
    List<ScoredToken> head = waiting.subList(0, Math.min(most, waiting.size()));
    List<ScoredToken> piece = List.copyOf(head);
    head.clear();
    return piece;
  }
}
