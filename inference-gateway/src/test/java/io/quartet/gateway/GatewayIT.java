package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.quartet.service.EmbeddedBroker;
import io.quartet.service.GrpcChannels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged gateway as a process, and a client that is not ours. */
class GatewayIT {
  @TempDir Path folder;

  @Test
  void itServesOnceItKnowsTheNewestAndThenWithoutTheBrokerToo() throws Exception {
    try (var broker = EmbeddedBroker.stopped();
        var gateway = new GatewayProcess(folder, broker.bootstrap())) {
      await().atMost(60, SECONDS).until(() -> gateway.health("live") == 200);
      assertThat(gateway.health("ready")).isEqualTo(503);
      assertThat(grpcHealth(gateway)).isEqualTo(ServingStatus.NOT_SERVING);

      broker.start();
      try (var training = new TrainingSide(folder.resolve("training"), broker.bootstrap())) {
        training.announce(ScriptedModels.publish(training.store(), "sft/r/1", " aé🌍b"));
        training.announce(ScriptedModels.publish(training.store(), "rl/r/1", "xyz", 1 << 16));
        await().atMost(60, SECONDS).until(() -> gateway.health("ready") == 200);
        await().until(() -> grpcHealth(gateway) == ServingStatus.SERVING);
        await().until(() -> Files.readString(gateway.log()).contains("rl/r/1 is loaded"));
      }
      long before = outages(gateway);
      broker.halt();
      await().atMost(60, SECONDS).until(() -> outages(gateway) > before);
      assertThat(gateway.health("ready")).isEqualTo(200);

      boolean node = NodeClients.canRun();
      if (node) {
        var clients = NodeClients.installed(folder.resolve("node"));
        aClientInAnotherLanguageIsServedByReflectionAlone(
            clients.run("grpc.mjs", gateway.address()));
        OpenAiClient.isServed(clients.run("openai.mjs", gateway.http() + "/v1"));
      }
      assertThat(gateway.stop()).isEqualTo(143);
      assertThat(Files.readString(gateway.log())).doesNotContain("Exception", "\tat ");
      assumeTrue(node, "a Node that runs clients in another language");
    }
  }

  private static void aClientInAnotherLanguageIsServedByReflectionAlone(JsonNode seen) {
    assertThat(texts(seen.get("services")))
        .contains(
            "quartet.v1.ChatService",
            "quartet.v1.GenerationService",
            "quartet.v1.ModelService",
            "quartet.v1.ScoreService",
            "quartet.v1.TokenizerService",
            "grpc.health.v1.Health")
        .doesNotContain("quartet.v1.CheckpointService", "quartet.v1.TrainingService");
    assertThat(seen.get("health").asText()).isEqualTo("SERVING");
    assertThat(seen.get("watched").asText()).isEqualTo("SERVING");
    assertThat(seen.get("counted").asInt()).isEqualTo(5);
    assertThat(seen.get("scored").asInt()).isEqualTo(2);
    assertThat(seen.get("more").asInt()).isEqualTo(2);
    assertThat(seen.get("models").toString())
        .isEqualTo(
            "[[\"sft/r/1\",\"MODEL_STATE_READY\",[\"sft\"]],[\"rl/r/1\",\"MODEL_STATE_READY\",[\"rl\"]]]");
    assertThat(seen.get("stream").toString())
        .isEqualTo(
            "{\"checkpoint\":\"sft/r/1\",\"text\":\"aé🌍b\",\"finish\":\"FINISH_REASON_STOP\","
                + "\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":10,\"cached_prompt_tokens\":0}}");
    assertThat(seen.get("whole").asText()).isEqualTo("aé🌍b");
    assertThat(seen.get("cancelled").toString()).isEqualTo("{\"seen\":5,\"code\":\"CANCELLED\"}");
    assertThat(seen.get("unknown").toString())
        .isEqualTo(
            "{\"code\":\"NOT_FOUND\",\"details\":\"no model 'gpt-5'; there are sft, rl, sft/r/1,"
                + " rl/r/1\"}");
    assertThat(seen.get("tooLong").toString())
        .isEqualTo(
            "{\"code\":\"INVALID_ARGUMENT\",\"details\":\"prompt of 70 tokens, expected fewer than"
                + " the context length 64 of sft/r/1\"}");
    // The answer ends a little before the caller's deadline, unless the machine is too busy for it.
    assertThat(seen.get("late").asText())
        .isIn("FINISH_REASON_TIME_LIMIT", "DEADLINE_EXCEEDED", "CANCELLED");
  }

  /** How often the gateway has said that its broker is gone. */
  private static long outages(GatewayProcess gateway) throws IOException {
    return Files.readString(gateway.log())
        .lines()
        .filter(line -> line.contains("cannot be reached"))
        .count();
  }

  private static ServingStatus grpcHealth(GatewayProcess gateway) {
    ManagedChannel channel = GrpcChannels.open(gateway.address());
    try {
      return HealthGrpc.newBlockingStub(channel)
          .withDeadlineAfter(10, SECONDS)
          .check(HealthCheckRequest.getDefaultInstance())
          .getStatus();
    } catch (StatusRuntimeException e) {
      throw new AssertionError("no health from " + gateway.address(), e);
    } finally {
      channel.shutdownNow();
    }
  }

  private static List<String> texts(JsonNode array) {
    return java.util.stream.StreamSupport.stream(array.spliterator(), false)
        .map(JsonNode::asText)
        .toList();
  }
}
