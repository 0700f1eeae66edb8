package io.quartet.gateway;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.decoder.Generation;
import org.jspecify.annotations.Nullable;

/**
 * What one answer has taken and gives back: its place at the model, its lease on the weights, and
 * its part of the caller's quota.
 */
final class Account implements Progress {
  private final Admitted admitted;
  private final GatewayMetrics.Request counted;
  private final AnswerSpans.AnswerSpan traced;
  private boolean waits = true;

  Account(Admitted admitted, GatewayMetrics.Request counted, AnswerSpans.AnswerSpan traced) {
    this.admitted = admitted;
    this.counted = counted;
    this.traced = traced;
  }

  @Override
  public void refused(ErrorCode code) {
    traced.decoded(code.name(), 0, null);
  }

  @Override
  public void token() {
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
    admitted.over(counted.promptTokens() + completionTokens);
  }
}
