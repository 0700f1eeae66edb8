package io.quartet.model;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.model.LanguageModelTraining.Batches;
import io.quartet.model.LanguageModelTraining.Validation;
import io.quartet.model.ReplicaGroup.Seat;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** One of several processes that train a small model together, and the process of that. */
final class ReplicaProcess implements AutoCloseable {
  static final int STEPS = 12;
  private static final Duration DEADLINE = Duration.ofSeconds(4);

  private final Process process;
  private final BufferedReader output;

  private ReplicaProcess(Process process) {
    this.process = process;
    this.output = process.inputReader();
  }

  /** Starts rank {@code rank} of {@code size}, which keeps its snapshots and result in a folder. */
  static ReplicaProcess start(int rank, int size, int port, int threads, Path folder)
      throws IOException {
    var command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx256m",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            System.getProperty("java.class.path"),
            ReplicaProcess.class.getName(),
            Integer.toString(rank),
            Integer.toString(size),
            Integer.toString(port),
            Integer.toString(threads),
            folder.toString());
    return new ReplicaProcess(new ProcessBuilder(command).redirectErrorStream(true).start());
  }

  /** Reads until a line begins so; that line. */
  String await(String beginning) {
    var lines = new ArrayList<String>();
    try {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        if (line.startsWith(beginning)) {
          return line;
        }
        lines.add(line);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    throw new AssertionError("no '%s' in %s".formatted(beginning, lines));
  }

  /** SIGKILL. */
  void kill() {
    process.destroyForcibly();
  }

  /** SIGSTOP: it is there, and says nothing. */
  void freeze() throws IOException, InterruptedException {
    new ProcessBuilder("kill", "-STOP", Long.toString(process.pid())).start().waitFor();
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }

  /** The process: like a stage, it begins again from the last snapshot when it loses another. */
  public static void main(String[] arguments) throws InterruptedException {
    var seat =
        new Seat(
            Integer.parseInt(arguments[0]),
            Integer.parseInt(arguments[1]),
            new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[2])),
            DEADLINE);
    int threads = Integer.parseInt(arguments[3]);
    Path folder = Path.of(arguments[4]);
    while (true) {
      try (Workers workers = TorchRuntime.configure(threads);
          ReplicaGroup group = ReplicaGroup.join(seat, "a small model", () -> {})) {
        CausalLm model = train(workers, group, folder);
        ModelWeights.save(model, folder.resolve("rank%d.safetensors".formatted(seat.rank())));
        System.out.println("done");
        return;
      } catch (QuartetException e) {
        System.out.println("failed " + e.code() + " " + e.getMessage());
        if (e.code() != ErrorCode.UNAVAILABLE) {
          return;
        }
      }
    }
  }

  private static CausalLm train(Workers workers, ReplicaGroup group, Path folder) {
    // Another seed than the leader's: what a process begins with must not matter.
    CausalLm model = Tiny.model(Precision.FP32, 1 + group.rank());
    var trainer =
        new Trainer<>(
            model,
            new AdamW(model, AdamW.Options.of(0.05)),
            LearningRateSchedule.linear(1e-2, 4, STEPS, 0.1),
            1,
            workers,
            group);
    var training =
        new LanguageModelTraining(
            trainer,
            workers,
            new Batches(4, 32, 0),
            epoch -> Tiny.documents(40, 9).iterator(),
            new Validation(() -> Tiny.documents(9, 77).iterator(), true),
            new Snapshots(folder.resolve("snapshots" + group.rank()), 4, 2));
    training.run(
        STEPS,
        () -> false,
        step -> {
          System.out.println("step %d loss %s".formatted(step.step(), step.loss()));
          pause(); // long enough to be killed within
        });
    var held = training.measure(Tiny.documents(9, 77).iterator());
    System.out.println("held out %s %s".formatted(held.nats(), held.targets()));
    return model;
  }

  private static void pause() {
    try {
      Thread.sleep(100);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
