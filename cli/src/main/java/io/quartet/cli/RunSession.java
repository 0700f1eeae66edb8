package io.quartet.cli;

import com.google.protobuf.Message;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.report.Report;
import io.quartet.cli.run.ProgressDisplay;
import io.quartet.cli.run.RunChannel;
import io.quartet.cli.run.RunFolder;
import io.quartet.cli.run.RunFollower;
import io.quartet.cli.run.RunView;
import io.quartet.cli.stack.LocalStack;
import io.quartet.recipe.Recipe;
import io.quartet.v1.RunSubmitted;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** One run from submission to report, on the stack that is up or on one of its own. */
final class RunSession {
  private final Console console;
  private final Workspace workspace;
  private final StackOptions options;
  private final boolean keep;

  /**
   * @param keep whether a stack of its own stays up afterwards
   */
  RunSession(Console console, Workspace workspace, StackOptions options, boolean keep) {
    this.console = console;
    this.workspace = workspace;
    this.options = options;
    this.keep = keep;
  }

  /** What happens when the run has completed, while the stack is still up. */
  interface Ending {
    void after(LocalStack stack, RunView view) throws InterruptedException;
  }

  void run(Recipe recipe, Optional<String> asked, Ending ending) throws InterruptedException {
    onStack(
        channel -> {
          String run = name(channel.all(), recipe, asked);
          return RunFolder.create(workspace.run(run), recipe.yaml());
        },
        recipe.yaml(),
        ending);
  }

  /**
   * Takes a run up again that failed, was cancelled or broke off with its stack; its stages go on
   * from their last snapshots.
   *
   * @throws QuartetException NOT_FOUND if there is no such run; FAILED_PRECONDITION if it has
   *     completed, or is under way
   */
  void resume(String run, Ending ending) throws InterruptedException {
    RunFolder folder = RunFolder.open(workspace.run(run));
    Optional<LocalStack> up = LocalStack.running(workspace);
    RunView before =
        folder.view(up.map(stack -> RunChannel.all(stack.ports().bootstrap())).orElse(List.of()));
    boolean ended = before.failure().isPresent() || before.cancelled();
    // Without a stack nobody works on it: whatever it was doing broke off.
    if (before.completed() || (up.isPresent() && !ended)) {
      throw new QuartetException(
          ErrorCode.FAILED_PRECONDITION,
          "run '%s' %s, expected one that failed, was cancelled or broke off"
              .formatted(run, before.completed() ? "has completed" : "is under way"));
    }
    // The very text: a snapshot continues only what began with the same recipe.
    String yaml =
        before.submission().map(RunSubmitted::getRecipeYaml).orElseGet(folder::recipeYaml);
    onStack(
        channel -> {
          // What is told from here on is about this attempt.
          folder.catchUp(channel.allToTheEndOf(run));
          return folder;
        },
        yaml,
        ending);
  }

  /** Finds the folder of the run to submit. */
  private interface Beginning {
    RunFolder folder(RunChannel channel);
  }

  private void onStack(Beginning beginning, String recipeYaml, Ending ending)
      throws InterruptedException {
    ProgressDisplay display = new ProgressDisplay(console, System::nanoTime);
    try (Cleanup cleanup = new Cleanup(display::leave)) {
      LocalStack stack = stack(cleanup, display);
      try (RunChannel channel = new RunChannel(stack.ports().bootstrap())) {
        RunFolder folder = beginning.folder(channel);
        String run = String.valueOf(folder.path().getFileName());
        console.line("Run %s: %s".formatted(run, folder.path()));
        RunSubmitted submission = channel.submit(run, recipeYaml);
        Cancellation cancellation = cleanup.add(new Cancellation(channel, folder, submission));
        RunView view =
            follow(new RunFollower(channel, folder, submission, display, stack::check), folder);
        cancellation.unneeded();
        ending.after(stack, view);
        console.line("");
        console.line("Report: " + folder.file(Report.HTML));
      }
      if (keep) {
        stack.leave();
        console.line("The stack stays up: try ./quartet chat; end it with ./quartet down.");
      }
    }
  }

  /** Also a run that fails leaves a report, of how far it came and why it went no further. */
  private static RunView follow(RunFollower follower, RunFolder folder) {
    try {
      RunView view = follower.follow();
      Report.of(view).write(folder);
      return view;
    } catch (QuartetException failure) {
      try {
        Report.of(follower.view()).write(folder);
      } catch (QuartetException unwritten) {
        // A full disk may be what ended the run: its own cause is told, not the report's.
        failure.addSuppressed(unwritten);
      }
      throw failure;
    }
  }

  private LocalStack stack(Cleanup cleanup, ProgressDisplay display) throws InterruptedException {
    Optional<LocalStack> running = LocalStack.running(workspace);
    if (running.isPresent()) {
      console.line("Using the stack that is up.");
      return running.get();
    }
    LocalStack stack = cleanup.add(options.stack(workspace, display::notice));
    console.line("Starting the broker and the services …");
    stack.start();
    return stack;
  }

  private String name(List<Message> events, Recipe recipe, Optional<String> asked) {
    Set<String> taken = new HashSet<>(RunFolder.names(workspace.runs()));
    events.forEach(
        e -> {
          if (e instanceof RunSubmitted submitted) {
            taken.add(submitted.getRun());
          }
        });
    if (asked.isPresent()) {
      if (taken.contains(asked.get())) {
        throw new QuartetException(
            ErrorCode.ALREADY_EXISTS,
            "run '%s' exists already: choose another name with --run".formatted(asked.get()));
      }
      return asked.get();
    }
    int number = 1;
    while (taken.contains(recipe.name() + "-" + number)) {
      number++;
    }
    return recipe.name() + "-" + number;
  }

  /** Cancels the run when the command ends before it, and notes that down. */
  private static final class Cancellation implements AutoCloseable {
    private final RunChannel channel;
    private final RunFolder folder;
    private final RunSubmitted submission;
    private volatile boolean needed = true;

    Cancellation(RunChannel channel, RunFolder folder, RunSubmitted submission) {
      this.channel = channel;
      this.folder = folder;
      this.submission = submission;
    }

    void unneeded() {
      needed = false;
    }

    @Override
    public void close() {
      if (needed) {
        try {
          channel.cancel(submission);
        } finally {
          // Nobody will be there to hear it from the stages, and resume asks for it.
          folder.append(List.of(RunChannel.cancelled(submission)));
        }
      }
    }
  }
}
