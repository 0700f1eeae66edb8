package io.quartet.gateway;

import io.grpc.stub.ServerCallStreamObserver;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.ScoredToken;
import io.quartet.v1.FinishReason;
import io.quartet.v1.LogProbsResponse;
import io.quartet.v1.TextScore;
import io.quartet.v1.Usage;
import java.util.List;
import java.util.stream.IntStream;

/** Gathers the scores of prompts and lets go of the answers. */
final class TextScores {
  private final Responses<LogProbsResponse> responses;
  private final List<TextScore.Builder> scores;
  private String checkpointId = ""; // guarded by this
  private final Usage.Builder total = Usage.newBuilder(); // guarded by this
  private int unfinished; // guarded by this

  TextScores(ServerCallStreamObserver<LogProbsResponse> observer, int texts) {
    this.responses = new Responses<>(observer);
    this.scores = IntStream.range(0, texts).mapToObj(i -> TextScore.newBuilder()).toList();
    this.unfinished = texts;
  }

  /** The reader of the i-th text's score. */
  AnswerSink sink(int text) {
    return new Sink(scores.get(text));
  }

  private synchronized void begun(String id) {
    checkpointId = id;
  }

  private synchronized void ended(Usage usage) {
    total
        .setPromptTokens(total.getPromptTokens() + usage.getPromptTokens())
        .setCachedPromptTokens(total.getCachedPromptTokens() + usage.getCachedPromptTokens());
    if (--unfinished == 0) {
      var response = LogProbsResponse.newBuilder().setCheckpointId(checkpointId);
      scores.forEach(response::addScores);
      responses.last(response.setUsage(total).build());
    }
  }

  private final class Sink implements AnswerSink {
    private final TextScore.Builder score;

    Sink(TextScore.Builder score) {
      this.score = score;
    }

    @Override
    public void connect(Runnable wake, Runnable cancel) {
      responses.connect(wake, cancel);
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public boolean keeps() {
      return true;
    }

    @Override
    public void begin(Beginning beginning) {
      begun(beginning.checkpointId());
    }

    @Override
    public void prompt(List<ScoredToken> tokens) {
      tokens.forEach(token -> score.addTokens(TokenScores.of(token)));
      score.setLogProb(
          score.getLogProb() + tokens.stream().mapToDouble(ScoredToken::logProb).sum());
    }

    @Override
    public void part(String text, List<ScoredToken> tokens) {}

    @Override
    public void end(FinishReason reason, Usage usage) {
      ended(usage);
    }

    @Override
    public void fail(QuartetException failure) {
      responses.fail(failure);
    }
  }
}
