package io.quartet.gateway;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.decoder.Generation;
import org.jspecify.annotations.Nullable;

/**
 * What one answer has taken and gives back: its place at the model, its lease on the weights, and
 * its part of the caller's quota.
 */
final class Account implements Progress {
  private final ServedModel model;
  private final Terms terms;
  private final long estimatedTokens;
  private final GatewayMetrics.Request counted;
  private final AnswerSpans.AnswerSpan traced;
  private boolean waits = true;

  /**
   * @param estimatedTokens of prompt and answer, which the model's queue and the caller's quota
   *     were charged
   */
  Account(
      ServedModel model,
      Terms terms,
      long estimatedTokens,
      GatewayMetrics.Request counted,
      AnswerSpans.AnswerSpan traced) {
    this.model = model;
    this.terms = terms;
    this.estimatedTokens = estimatedTokens;
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
    model.admission().served(estimatedTokens);
    counted.firstToken();
    traced.firstToken();
  }

  @Override
  public void decoded(String outcome, int completionTokens, Generation.@Nullable Effort effort) {
    if (waits) {
      model.admission().served(estimatedTokens);
    }
    counted.decoded(outcome, completionTokens, effort);
    traced.decoded(outcome, completionTokens, effort);
    terms.caller().used(estimatedTokens, counted.promptTokens() + completionTokens);
    model.release(1);
  }
}
