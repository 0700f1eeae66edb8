package io.quartet.gateway;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.decoder.Generation;
import org.jspecify.annotations.Nullable;

/** What the gateway counts of an answer. */
interface Progress {
  /** The decoder has not taken it; nothing else is told then. */
  void refused(ErrorCode code);

  /** A token came, on the decoder's thread. */
  void token();

  /** The first token is read; from here on one thing after the other. */
  void firstToken();

  /**
   * The decoder and the tokenizer have nothing more to do with it.
   *
   * @param outcome a finish reason, or a gRPC status
   * @param effort where the decoder's time went; null if it failed
   */
  void decoded(String outcome, int completionTokens, Generation.@Nullable Effort effort);
}
