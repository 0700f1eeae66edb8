package io.quartet.gateway;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.decoder.Generation;
import io.quartet.decoder.ScoredToken;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the gateway counts of an answer. */
interface Progress {
  /** The decoder has not taken it; nothing else is told then. */
  void refused(ErrorCode code);

  /** The prompt's tokens came, on the decoder's thread. */
  void prompt(List<ScoredToken> prompt);

  /** A token came, on the decoder's thread. */
  void token(ScoredToken token);

  /** The first token is read; from here on one thing after the other. */
  void firstToken();

  /**
   * The decoder and the tokenizer have nothing more to do with it.
   *
   * @param outcome a finish reason, or a gRPC status
   * @param effort where the decoder's time went; null if it failed
   */
  void decoded(String outcome, int completionTokens, Generation.@Nullable Effort effort);

  /** Tokens of prompt or answer are on their way to the reader; perhaps after {@link #decoded}. */
  void sent(List<ScoredToken> tokens);

  /** The reader has taken what was sent. */
  void taken();

  /** The reader has all or has left, on any thread; perhaps more than once. */
  void readerGone();
}
