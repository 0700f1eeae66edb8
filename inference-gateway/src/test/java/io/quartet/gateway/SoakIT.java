package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.MINUTES;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.service.EmbeddedBroker;
import io.quartet.service.GrpcChannels;
import io.quartet.v1.ListModelsRequest;
import io.quartet.v1.Model;
import io.quartet.v1.ModelServiceGrpc;
import io.quartet.v1.ModelState;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The packaged gateway under everything at once, over gRPC and over HTTP: readers, users who leave,
 * slow readers, storms of more requests than it takes, and new weights all the time. {@code
 * -Dquartet.soak=PT5M} makes it long.
 */
class SoakIT {
  private static final Duration LENGTH =
      Duration.parse(System.getProperty("quartet.soak", "PT15S"));

  @TempDir Path folder;

  private final SoakTally tally = new SoakTally();
  private final AtomicBoolean over = new AtomicBoolean();

  @Test
  void everyAnswerIsWholeAndOfTheWeightsThatItNamesAndNothingIsLeftBehind() throws Exception {
    try (var broker = EmbeddedBroker.open();
        var gateway = new GatewayProcess(folder, broker.bootstrap());
        var training = new TrainingSide(folder.resolve("training"), broker.bootstrap())) {
      training.announce(ScriptedModels.publish(training.store(), "sft/soak/1", text("sft/soak/1")));
      training.announce(ScriptedModels.publish(training.store(), "rl/endless/1", "xyz", 1 << 14));
      await().atMost(60, SECONDS).until(() -> gateway.health("ready") == 200);
      ManagedChannel channel = GrpcChannels.open(gateway.address());
      try {
        long newest =
            soak(
                List.of(
                    new GrpcTraffic(channel, SoakIT::text, tally),
                    new HttpTraffic(gateway.http(), SoakIT::text, tally)),
                training);

        assertThat(tally.wrong()).isEmpty();
        assertThat(tally.done())
            .containsExactlyInAnyOrder(
                "gRPC read",
                "gRPC leave",
                "gRPC dawdle",
                "gRPC storm",
                "HTTP read",
                "HTTP leave",
                "HTTP dawdle",
                "HTTP storm");
        await()
            .atMost(60, SECONDS)
            .untilAsserted(
                () -> {
                  assertThat(loaded(channel)).contains("sft/soak/" + newest, "rl/endless/1");
                  assertThat(decoders(gateway)).isEqualTo(loaded(channel).size());
                });
        System.out.printf("soak of %s, %d swaps: %s%n", LENGTH, newest - 1, tally);
      } finally {
        channel.shutdownNow();
      }
      assertThat(gateway.stop()).isEqualTo(143);
      assertThat(Files.readString(gateway.log())).doesNotContain("Exception", "\tat ");
    }
  }

  /** Runs the traffic for its time; the step of the last weights that were announced. */
  private long soak(List<SoakTraffic> wires, TrainingSide training) throws Exception {
    ExecutorService users = Executors.newCachedThreadPool();
    List<Future<Void>> running = new ArrayList<>();
    for (SoakTraffic traffic : wires) {
      for (int user = 0; user < 2; user++) {
        var random = new SplittableRandom(user);
        running.add(users.submit(again(traffic::read)));
        running.add(users.submit(again(() -> traffic.leave(random))));
        running.add(users.submit(again(() -> traffic.dawdle(20))));
      }
      running.add(users.submit(again(() -> traffic.storm(100))));
    }
    long end = System.nanoTime() + LENGTH.toNanos();
    long step = 1;
    while (System.nanoTime() < end) {
      String id = "sft/soak/" + ++step;
      training.announce(ScriptedModels.publish(training.store(), id, text(id)));
      Thread.sleep(500); // the pace of training, not a wait for anything
    }
    over.set(true);
    for (Future<Void> user : running) {
      user.get(2, MINUTES);
    }
    users.shutdown();
    return step;
  }

  private Callable<Void> again(Round round) {
    return () -> {
      while (!over.get()) {
        round.run();
      }
      return null;
    };
  }

  /** What the weights of an id answer: letters and digits in an order of their own. */
  private static String text(String id) {
    List<String> letters =
        IntStream.rangeClosed('0', 'z')
            .filter(Character::isLetterOrDigit)
            .mapToObj(Character::toString)
            .collect(Collectors.toCollection(ArrayList::new));
    Collections.shuffle(letters, new Random(CheckpointId.parse(id).step()));
    return String.join("", letters.subList(0, 40));
  }

  private static List<String> loaded(ManagedChannel channel) {
    return ModelServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(10, SECONDS)
        .list(ListModelsRequest.getDefaultInstance())
        .getModelsList()
        .stream()
        .filter(model -> model.getState() == ModelState.MODEL_STATE_READY)
        .map(Model::getCheckpointId)
        .toList();
  }

  /** How many decoders live in the process: each has a thread of its own. */
  private long decoders(GatewayProcess gateway) throws Exception {
    Path dump = folder.resolve("threads");
    new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
            Long.toString(gateway.pid()),
            "Thread.print")
        .redirectErrorStream(true)
        .redirectOutput(dump.toFile())
        .start()
        .waitFor();
    try (var lines = Files.lines(dump)) {
      return lines.filter(line -> line.startsWith("\"decoder ")).count();
    }
  }

  /** One round of a user. */
  private interface Round {
    void run() throws Exception;
  }
}
