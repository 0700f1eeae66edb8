package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.MINUTES;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.grpc.ManagedChannel;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.service.EmbeddedBroker;
import io.quartet.service.GrpcChannels;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.GenerationServiceGrpc;
import io.quartet.v1.ListModelsRequest;
import io.quartet.v1.Model;
import io.quartet.v1.ModelServiceGrpc;
import io.quartet.v1.ModelState;
import io.quartet.v1.SamplingParameters;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The packaged gateway under everything at once, over gRPC and over HTTP: readers, users who leave,
 * slow readers, storms of more requests than it takes, and new weights all the time. {@code
 * -Dquartet.soak=PT5M} makes it long.
 */
class SoakIT {
  /** Requests that the gateway lets in at once, running and waiting. */
  private static final int PLACES = 80;

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
                  int models = loaded(channel).size();
                  assertThat(decoders(gateway)).as("decoders").isEqualTo(models);
                  assertThat(alive(gateway, ServedModel.class)).as("models").isEqualTo(models);
                  assertThat(alive(gateway, Answer.class)).as("answers").isZero();
                });
        everyPlaceIsFree(channel, "sft");
        everyPlaceIsFree(channel, "rl");
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
        var slow = new SplittableRandom(~user);
        running.add(users.submit(again(traffic::read)));
        running.add(users.submit(again(() -> traffic.leave(random))));
        running.add(users.submit(again(() -> traffic.dawdle(slow, 20))));
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

  /** As many requests as are let in at all are let in and answered. */
  private static void everyPlaceIsFree(ManagedChannel channel, String model) throws Exception {
    var request =
        GenerateRequest.newBuilder()
            .setModel(model)
            .setText("~")
            .setSampling(SamplingParameters.newBuilder().setMaxTokens(1))
            .build();
    var stub = GenerationServiceGrpc.newFutureStub(channel).withDeadlineAfter(60, SECONDS);
    List<Future<GenerateResponse>> answers = new ArrayList<>();
    for (int i = 0; i < PLACES; i++) {
      answers.add(stub.generate(request));
    }
    for (Future<GenerateResponse> answer : answers) {
      assertThat(answer.get().getUsage().getCompletionTokens()).isEqualTo(1);
    }
  }

  /** How many decoders live in the process: each has a thread of its own. */
  private long decoders(GatewayProcess gateway) throws Exception {
    return told(gateway, "Thread.print").filter(line -> line.startsWith("\"decoder ")).count();
  }

  /** How many objects of a class live in the process after a full collection. */
  private long alive(GatewayProcess gateway, Class<?> type) throws Exception {
    return told(gateway, "GC.class_histogram")
        .map(line -> line.strip().split("\\s+"))
        .filter(columns -> columns.length > 3 && columns[3].equals(type.getName()))
        .mapToLong(columns -> Long.parseLong(columns[1]))
        .sum();
  }

  /** The lines that the process's virtual machine answers. */
  private Stream<String> told(GatewayProcess gateway, String command) throws Exception {
    Path answer = folder.resolve(command);
    new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
            Long.toString(gateway.pid()),
            command)
        .redirectErrorStream(true)
        .redirectOutput(answer.toFile())
        .start()
        .waitFor();
    return Files.readAllLines(answer).stream();
  }

  /** One round of a user. */
  private interface Round {
    void run() throws Exception;
  }
}
