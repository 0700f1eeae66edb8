package io.quartet.gateway;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.decoder.Generation;
import io.quartet.decoder.ScoredToken;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one answer has taken and gives back: its place at the model, its lease on the weights, its
 * part of the caller's quota, and what it holds for its reader.
 */
final class Account implements Progress {
  private final Admitted admitted;
  private final GatewayMetrics.Request counted;
  private final AnswerSpans.AnswerSpan traced;
  private final Unread.Share unread;
  private boolean waits = true;

  Account(
      Admitted admitted,
      GatewayMetrics.Request counted,
      AnswerSpans.AnswerSpan traced,
      Unread.Share unread) {
    this.admitted = admitted;
    this.counted = counted;
    this.traced = traced;
    this.unread = unread;
  }

  @Override
  public void refused(ErrorCode code) {
    traced.decoded(code.name(), 0, null);
  }

  @Override
  public void prompt(List<ScoredToken> prompt) {
    unread.came(prompt);
  }

  @Override
  public void token(ScoredToken token) {
    unread.came(List.of(token));
    counted.token();
  }

  @Override
  public void firstToken() {
    waits = false;
    admitted.served(1);
    counted.firstToken();
    traced.firstToken();
  }

  @Override
  public void decoded(String outcome, int completionTokens, Generation.@Nullable Effort effort) {
    if (waits) {
      admitted.served(1);
    }
    counted.decoded(outcome, completionTokens, effort);
    traced.decoded(outcome, completionTokens, effort);
    admitted.over(counted.promptTokens(completionTokens, effort) + completionTokens);
  }

  @Override
  public void sent(List<ScoredToken> tokens) {
    unread.sent(tokens);
  }

  @Override
  public void taken() {
    unread.taken();
  }

  @Override
  public void readerGone() {
    unread.end();
  }
}
