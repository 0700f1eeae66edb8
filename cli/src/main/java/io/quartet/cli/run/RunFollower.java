package io.quartet.cli.run;

import com.google.protobuf.Message;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;
import java.time.Duration;
import java.util.List;

/** Follows one run to its end: keeps its events and shows its progress. */
public final class RunFollower {
  private static final Duration POLL = Duration.ofMillis(200);

  private final RunChannel channel;
  private final RunFolder folder;
  private final ProgressDisplay display;
  private final Runnable check;
  private final RunView view;

  /**
   * A follower of the run of a folder, of which the folder may have heard before.
   *
   * @param submission that is followed
   * @param check called often; throws when the stack has gone
   */
  public RunFollower(
      RunChannel channel,
      RunFolder folder,
      RunSubmitted submission,
      ProgressDisplay display,
      Runnable check) {
    this.channel = channel;
    this.folder = folder;
    this.display = display;
    this.check = check;
    this.view = folder.view();
    view.add(submission); // an earlier attempt's end is none of this one's
  }

  /**
   * Blocks until every stage completed.
   *
   * @throws QuartetException with the failed stage's code and cause, or CANCELLED
   */
  public RunView follow() {
    while (!view.completed()) {
      check.run();
      take(channel.poll(POLL));
      display.show(view);
      if (view.failure().isPresent()) {
        display.finish(view);
        throw failed(view.failure().get());
      }
      if (view.cancelled()) {
        display.finish(view);
        throw new QuartetException(
            ErrorCode.CANCELLED, "run '%s' was cancelled".formatted(view.run()));
      }
    }
    display.finish(view);
    return view;
  }

  /** The run as far as it was heard of. */
  public RunView view() {
    return view;
  }

  private void take(List<Message> events) {
    List<Message> own = events.stream().filter(e -> RunEvents.run(e).equals(view.run())).toList();
    folder.append(own);
    own.forEach(view::add);
  }

  private static QuartetException failed(StageProgress progress) {
    ErrorCode code;
    try {
      code = ErrorCode.valueOf(progress.getFailure().getCode());
    } catch (IllegalArgumentException e) {
      // A newer service may name a code that this command does not know.
      code = ErrorCode.INTERNAL;
    }
    return new QuartetException(
        code,
        "run '%s' failed in its %s stage: %s"
            .formatted(
                progress.getRun(),
                RunView.label(progress.getStage()),
                progress.getFailure().getMessage()));
  }
}
