package io.quartet.gateway;

import com.google.protobuf.MessageLite;
import io.grpc.Context;
import io.grpc.Deadline;
import io.quartet.decoder.Priority;
import io.quartet.gateway.access.Caller;
import io.quartet.v1.ChatRequest;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/**
 * Who asks a question and how long they wait, and what is known of its size before anything is
 * tokenised.
 *
 * @param caller whose quotas it takes
 * @param operation in the words of OpenTelemetry: {@code chat} or {@code text_completion}
 * @param bytes of the request as it came, so at least of its prompts
 * @param answers how many it asks for
 * @param user whoever the caller asks for: all questions of one user see the same weights
 * @param deadline when the caller gives up, as {@link System#nanoTime} counts
 */
public record Terms(
    Caller caller,
    String operation,
    long bytes,
    int answers,
    Optional<String> user,
    OptionalLong deadline) {
  public static final String CHAT = "chat";
  public static final String COMPLETION = "text_completion";

  /** What an answer needs for its way to the caller: a tenth of the time, at most this. */
  private static final Duration WAY = Duration.ofSeconds(1);

  /**
   * The terms of a gRPC request, on the thread that serves it.
   *
   * @param user empty for nobody
   */
  static Terms of(MessageLite request, int answers, String user) {
    return new Terms(
        Caller.current(),
        request instanceof ChatRequest ? CHAT : COMPLETION,
        request.getSerializedSize(),
        answers,
        Optional.of(user).filter(name -> !name.isEmpty()),
        grpcDeadline());
  }

  /** When the caller of the gRPC request that this thread serves gives up. */
  static OptionalLong grpcDeadline() {
    Deadline deadline = Context.current().getDeadline();
    return deadline == null
        ? OptionalLong.empty()
        : OptionalLong.of(System.nanoTime() + deadline.timeRemaining(TimeUnit.NANOSECONDS));
  }

  /** How long it makes sense to wait for a caller: until it gives up, and so long at most. */
  static Duration patience(OptionalLong deadline, Duration most) {
    if (deadline.isEmpty()) {
      return most;
    }
    var left = Duration.ofNanos(Math.max(0, deadline.getAsLong() - System.nanoTime()));
    return left.compareTo(most) < 0 ? left : most;
  }

  /**
   * How long it makes sense to wait for a model: until the caller gives up or the answer's time is
   * over, and so long at most.
   */
  Duration patience(Urgency asked, Duration most) {
    return patience(
        deadline, asked.timeLimit().filter(limit -> limit.compareTo(most) < 0).orElse(most));
  }

  /**
   * Who goes first: no sooner than the caller's key allows.
   *
   * @param asked in the request itself
   */
  Priority priority(Urgency asked) {
    return caller.priority() == io.quartet.keys.Priority.BATCH ? Priority.BATCH : asked.priority();
  }

  /**
   * How soon the answers are wanted, all told: no sooner than the caller's key allows, and so that
   * what there is when the time is up still reaches the caller before it gives up.
   *
   * @param asked in the request itself
   */
  Urgency urgency(Urgency asked) {
    Priority highest = priority(asked);
    if (deadline.isEmpty()) {
      return new Urgency(highest, asked.timeLimit());
    }
    long left = Math.max(0, deadline.getAsLong() - System.nanoTime());
    var soft = Duration.ofNanos(left - Math.min(left / 10, WAY.toNanos()));
    return new Urgency(
        highest,
        asked.timeLimit().filter(limit -> limit.compareTo(soft) < 0).or(() -> Optional.of(soft)));
  }
}
