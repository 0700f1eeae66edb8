package io.quartet.gateway;

import io.quartet.decoder.ScoredToken;
import io.quartet.v1.Alternative;
import io.quartet.v1.Alternatives;
import io.quartet.v1.TokenScore;
import java.util.List;

/** The decoder's tokens as gRPC tells them. */
final class TokenScores {
  private TokenScores() {}

  static TokenScore of(ScoredToken token) {
    return TokenScore.newBuilder()
        .setTokenId(token.id())
        .setLogProb(token.logProb())
        .addAllAlternatives(list(token))
        .build();
  }

  static Alternatives alternatives(ScoredToken token) {
    return Alternatives.newBuilder().addAllTokens(list(token)).build();
  }

  private static List<Alternative> list(ScoredToken token) {
    return token.alternatives().stream()
        .map(
            other ->
                Alternative.newBuilder().setTokenId(other.id()).setLogProb(other.logProb()).build())
        .toList();
  }
}
