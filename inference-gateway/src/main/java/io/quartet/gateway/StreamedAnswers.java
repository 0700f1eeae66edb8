package io.quartet.gateway;

import io.grpc.stub.ServerCallStreamObserver;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.ScoredToken;
import io.quartet.v1.FinishReason;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.Usage;
import java.util.List;

/** Sends the answers to one call as they grow. */
final class StreamedAnswers {
  private final Responses<GenerateChunk> responses;
  private final boolean echo;
  private int unfinished; // guarded by this

  /**
   * @param samples how many answers there will be
   * @param echo whether the prompt comes before each
   */
  StreamedAnswers(ServerCallStreamObserver<GenerateChunk> observer, int samples, boolean echo) {
    this.responses = new Responses<>(observer);
    this.unfinished = samples;
    this.echo = echo;
  }

  /** The reader of the i-th answer. */
  AnswerSink sink(int sample) {
    return new Sink(sample);
  }

  private synchronized void ended(GenerateChunk chunk) {
    if (--unfinished == 0) {
      responses.last(chunk);
    } else {
      responses.next(chunk);
    }
  }

  private final class Sink implements AnswerSink {
    private final int sample;

    Sink(int sample) {
      this.sample = sample;
    }

    @Override
    public void connect(Runnable wake, Runnable cancel) {
      responses.connect(wake, cancel);
    }

    @Override
    public boolean ready() {
      return responses.ready();
    }

    @Override
    public void begin(Beginning beginning) {
      responses.next(
          chunk()
              .setCheckpointId(beginning.checkpointId())
              .setEffectiveSampling(beginning.effective())
              .build());
      if (echo) {
        responses.next(chunk().setText(beginning.promptText()).build());
      }
    }

    @Override
    public void prompt(List<ScoredToken> tokens) {
      var chunk = chunk();
      tokens.forEach(token -> chunk.addPrompt(TokenScores.of(token)));
      responses.next(chunk.build());
    }

    @Override
    public void part(String text, List<ScoredToken> tokens) {
      var chunk = chunk().setText(text);
      for (ScoredToken token : tokens) {
        chunk.addTokenIds(token.id()).addLogProbs(token.logProb());
        if (!token.alternatives().isEmpty()) {
          chunk.addAlternatives(TokenScores.alternatives(token));
        }
      }
      responses.next(chunk.build());
    }

    @Override
    public void end(FinishReason reason, Usage usage) {
      ended(chunk().setFinishReason(reason).setUsage(usage).build());
    }

    @Override
    public void fail(QuartetException failure) {
      responses.fail(failure);
    }

    private GenerateChunk.Builder chunk() {
      return GenerateChunk.newBuilder().setSample(sample);
    }
  }
}
