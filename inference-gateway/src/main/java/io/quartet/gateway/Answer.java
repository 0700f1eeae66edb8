package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.DEADLINE_EXCEEDED;
import static io.quartet.checkpoint.ErrorCode.INTERNAL;
import static io.quartet.checkpoint.ErrorCode.UNAVAILABLE;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.decoder.Generation;
import io.quartet.decoder.GenerationHandle;
import io.quartet.decoder.ScoredToken;
import io.quartet.decoder.TokenListener;
import io.quartet.v1.FinishReason;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executor;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * One answer between the decoder's thread, which only drops tokens here, and its reader, who takes
 * them as fast as it can. Tokens become text as they come, so that a stop string ends the
 * generation however slow the reader is; unread text waits in one buffer, which the context length
 * bounds.
 */
final class Answer implements TokenListener {
  private final AnswerSink sink;
  private final Executor executor;
  private final AnswerText text;
  private final AnswerSink.Beginning beginning;
  private final Progress progress;
  private final AtomicBoolean scheduled = new AtomicBoolean();

  // What the decoder's thread hands over; guarded by this.
  private List<ScoredToken> newTokens = new ArrayList<>();
  private List<ScoredToken> newPrompt = List.of();
  private boolean promptScored;
  private @Nullable FinishReason ended;
  private Generation.@Nullable Effort effort;
  private @Nullable QuartetException failed;
  private @Nullable GenerationHandle handle;
  private boolean unwanted;
  private boolean readerGone;

  // What has been read and not been sent; touched by one drain at a time.
  private final Object drain = new Object();
  private final Unsent unsent = new Unsent();
  private @Nullable FinishReason reason;
  private int completionTokens;
  private boolean begun;
  private boolean decoded;
  private boolean over;
  private volatile boolean held; // something waits for the reader

  /**
   * @param beginning what the reader is told first
   * @param executor runs the work that the decoder's thread must not do
   */
  Answer(
      AnswerSink sink,
      AnswerSink.Beginning beginning,
      AnswerText text,
      Progress progress,
      Executor executor) {
    this.sink = sink;
    this.beginning = beginning;
    this.text = text;
    this.progress = progress;
    this.executor = executor;
  }

  /** The decoder has not taken it. */
  void refused(ErrorCode code) {
    progress.refused(code);
  }

  /** The decoder has taken it. */
  void underWay(GenerationHandle generation) {
    boolean late;
    synchronized (this) {
      handle = generation;
      late = unwanted;
    }
    if (late) {
      generation.cancel();
    }
  }

  /** The reader is gone, with or without all: nothing is sent any more, the slot becomes free. */
  void cancel() {
    synchronized (this) {
      readerGone = true;
    }
    progress.readerGone();
    abandon();
    wake();
  }

  @Override
  public void prompt(List<ScoredToken> prompt) {
    progress.prompt(prompt);
    synchronized (this) {
      newPrompt = prompt;
      promptScored = true;
    }
  }

  @Override
  public void token(ScoredToken token) {
    progress.token(token);
    synchronized (this) {
      newTokens.add(token);
    }
    wake();
  }

  @Override
  public void finished(Generation generation) {
    synchronized (this) {
      effort = generation.effort();
      ended =
          switch (generation.finishReason()) {
            case STOP -> FinishReason.FINISH_REASON_STOP;
            case LENGTH -> FinishReason.FINISH_REASON_LENGTH;
            case TIME_LIMIT -> FinishReason.FINISH_REASON_TIME_LIMIT;
            case CANCELLED -> FinishReason.FINISH_REASON_CANCELLED;
          };
    }
    wake();
  }

  @Override
  public void failed(QuartetException failure) {
    synchronized (this) {
      failed = failure;
    }
    wake();
  }

  /** The reader can take more. */
  void readerReady() {
    if (held) {
      wake();
    }
  }

  private void wake() {
    if (scheduled.compareAndSet(false, true)) {
      executor.execute(
          () -> {
            scheduled.set(false);
            synchronized (drain) {
              drain();
            }
          });
    }
  }

  private void drain() {
    try {
      read();
      send();
    } catch (RuntimeException e) { // nobody above: the reader would wait for ever
      var failure =
          e instanceof QuartetException known
              ? known
              : new QuartetException(INTERNAL, "answer failed: " + e, e);
      abandon();
      conclude(failure);
    }
  }

  /** Turns the tokens that have come into text. */
  private void read() {
    List<ScoredToken> tokens;
    @Nullable FinishReason end;
    @Nullable QuartetException failure;
    boolean gone;
    boolean scoresMissing;
    synchronized (this) {
      tokens = newTokens;
      end = ended;
      failure = failed;
      gone = readerGone;
      scoresMissing = beginning.promptIsScored() && !promptScored;
      newTokens = new ArrayList<>();
      unsent.prompt(newPrompt);
      newPrompt = List.of();
    }
    for (int i = 0; i < tokens.size() && reason == null; i++) {
      if (completionTokens == 0) {
        progress.firstToken();
      }
      completionTokens++;
      unsent.token(tokens.get(i), text.push(tokens.get(i).id()));
      if (text.stopped()) {
        reason = FinishReason.FINISH_REASON_STOP;
        abandon();
      }
    }
    if (failure != null && reason != null) {
      decoded(outcome(reason)); // a stop string has ended the text before the decoder failed
    } else if (failure != null) {
      conclude(failure);
    } else if (end != null) {
      if (reason == null) {
        reason = end;
        unsent.text(text.flush());
      }
      if (reason == FinishReason.FINISH_REASON_CANCELLED && !gone) {
        conclude(new QuartetException(UNAVAILABLE, "the gateway is shutting down"));
      } else if (reason == FinishReason.FINISH_REASON_TIME_LIMIT && scoresMissing && !gone) {
        conclude(new QuartetException(DEADLINE_EXCEEDED, "the prompt was not scored in time"));
      } else {
        decoded(outcome(gone ? FinishReason.FINISH_REASON_CANCELLED : reason));
      }
    }
  }

  private void send() {
    while (!over && !readerGone() && (decoded || !unsent.isEmpty())) {
      held = true; // before asking: the reader's word that it is ready may come at any moment
      if (!sink.ready()) {
        return;
      }
      held = false;
      if (!sink.keeps()) {
        progress.taken();
      }
      sendPiece();
    }
  }

  private void sendPiece() {
    if (!begun) {
      begun = true;
      sink.begin(beginning);
    }
    unsent.hand(sink, progress);
    if (reason != null && decoded && unsent.isEmpty()) {
      // Only when it is decoded is it known what the prompt took.
      sink.end(reason, beginning.usage(completionTokens, effort()));
      over = true;
    }
  }

  private synchronized Generation.@Nullable Effort effort() {
    return effort;
  }

  private synchronized boolean readerGone() {
    return readerGone;
  }

  /** Nobody needs more tokens. */
  private void abandon() {
    @Nullable GenerationHandle running;
    synchronized (this) {
      unwanted = true;
      running = handle;
    }
    if (running != null) {
      running.cancel();
    }
  }

  private void conclude(QuartetException failure) {
    if (!over) {
      over = true;
      sink.fail(failure);
    }
    decoded(failure.code().name());
  }

  private void decoded(String outcome) {
    if (!decoded) {
      decoded = true;
      progress.decoded(outcome, completionTokens, effort());
    }
  }

  private static String outcome(FinishReason reason) {
    return reason.name().substring("FINISH_REASON_".length());
  }
}
