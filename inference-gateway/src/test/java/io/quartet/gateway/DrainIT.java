package io.quartet.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.NettyChannelBuilder;
import io.quartet.service.EmbeddedBroker;
import io.quartet.service.GrpcChannels;
import io.quartet.v1.FinishReason;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.GenerationServiceGrpc;
import io.quartet.v1.SamplingParameters;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The packaged gateway at its end, and one that must not begin. */
class DrainIT {
  private static final int TOKENS =
      6000; // more bytes than the wire of a narrow channel holds unread
  private static final int NARROW = 1 << 16;

  @TempDir Path folder;

  @Test
  void onSigtermStreamsEndWholeAndNobodyNewIsTakenIn() throws Exception {
    try (var broker = EmbeddedBroker.open();
        var gateway =
            new GatewayProcess(
                folder, broker.bootstrap(), Map.of("quartet.gateway.drain", "PT1M"))) {
      ManagedChannel channel = serving(gateway, broker);
      ManagedChannel narrow =
          NettyChannelBuilder.forTarget(gateway.address())
              .usePlaintext()
              .flowControlWindow(NARROW)
              .build();
      Iterator<GenerateChunk> stream = stream(narrow);
      stream.next();

      gateway.terminate();
      await().atMost(30, SECONDS).until(() -> health(channel) == ServingStatus.NOT_SERVING);
      assertThat(gateway.health("ready")).isEqualTo(503);
      assertThat(gateway.health("live")).isEqualTo(200);
      assertThatThrownBy(() -> stream(channel).next())
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> {
                assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
                assertThat(e.getStatus().getDescription())
                    .isEqualTo("the gateway is shutting down");
              });

      List<GenerateChunk> rest = new ArrayList<>();
      stream.forEachRemaining(rest::add);
      assertThat(rest.stream().map(GenerateChunk::getText).collect(Collectors.joining()))
          .isEqualTo("!".repeat(TOKENS));
      assertThat(rest.get(rest.size() - 1).getFinishReason())
          .isEqualTo(FinishReason.FINISH_REASON_LENGTH);
      assertThat(gateway.exitCode()).isEqualTo(143);
      assertThat(Files.readString(gateway.log())).doesNotContain("Exception", "\tat ");
      channel.shutdownNow();
      narrow.shutdownNow();
    }
  }

  @Test
  void onSigtermAWholeReplyOverHttpIsReadToItsEnd() throws Exception {
    try (var broker = EmbeddedBroker.open();
        var gateway =
            new GatewayProcess(
                folder, broker.bootstrap(), Map.of("quartet.gateway.drain", "PT1M"))) {
      serving(gateway, broker).shutdownNow();
      String asked =
          "{\"model\": \"rl\", \"prompt\": \"!\", \"temperature\": 0, \"max_tokens\": %d,"
              + " \"logprobs\": 20}";
      InputStream reply =
          HttpClient.newHttpClient()
              .send(
                  HttpRequest.newBuilder(URI.create(gateway.http() + "/v1/completions"))
                      .POST(BodyPublishers.ofString(asked.formatted(TOKENS)))
                      .build(),
                  BodyHandlers.ofInputStream())
              .body();
      assertThat(reply.read()).isEqualTo('{');

      gateway.terminate();
      await().atMost(30, SECONDS).until(() -> gateway.health("ready") == 503);

      JsonNode body = new ObjectMapper().readTree("{" + new String(reply.readAllBytes(), UTF_8));
      assertThat(body.at("/choices/0/logprobs/top_logprobs")).hasSize(TOKENS);
      assertThat(gateway.exitCode()).isEqualTo(143);
      assertThat(Files.readString(gateway.log())).doesNotContain("Exception", "\tat ", "cut off");
    }
  }

  @Test
  void whoeverReadsOnAfterTheGracePeriodIsCutOff() throws Exception {
    try (var broker = EmbeddedBroker.open();
        var gateway =
            new GatewayProcess(
                folder, broker.bootstrap(), Map.of("quartet.gateway.drain", "PT0.5S"))) {
      ManagedChannel channel = serving(gateway, broker);
      stream(channel).next(); // and never reads on

      assertThat(gateway.stop()).isEqualTo(143);
      assertThat(Files.readString(gateway.log()))
          .contains("1 call did not end within PT0.5S and is cut off");
      channel.shutdownNow();
    }
  }

  @Test
  void withoutKeysAndTlsItDoesNotStartWhereOthersCanReachIt() throws Exception {
    try (var gateway =
        new GatewayProcess(
            folder,
            "127.0.0.1:1",
            Map.of("quarkus.http.host", "0.0.0.0", "quarkus.grpc.server.host", "0.0.0.0"))) {
      assertThat(gateway.exitCode()).isEqualTo(1);
      assertThat(Files.readString(gateway.log()).lines())
          .singleElement()
          .asString()
          .startsWith("error: the gateway would be open to others on 0.0.0.0:")
          .contains("quartet.gateway.keys", "quarkus.tls.key-store.pem.gateway.cert");
    }
  }

  private ManagedChannel serving(GatewayProcess gateway, EmbeddedBroker broker) throws Exception {
    try (var training = new TrainingSide(folder.resolve("training"), broker.bootstrap())) {
      training.announce(ScriptedModels.publish(training.store(), "rl/r/1", "xyz", 1 << 16));
      await().atMost(60, SECONDS).until(() -> gateway.health("ready") == 200);
      await()
          .atMost(60, SECONDS)
          .until(() -> Files.readString(gateway.log()).contains("rl/r/1 is loaded"));
    }
    return GrpcChannels.open(gateway.address());
  }

  private static Iterator<GenerateChunk> stream(ManagedChannel channel) {
    return GenerationServiceGrpc.newBlockingStub(channel)
        .withDeadlineAfter(60, SECONDS)
        .generateStream(
            GenerateRequest.newBuilder()
                .setModel("rl")
                .setText("!")
                .setSampling(SamplingParameters.newBuilder().setTemperature(0).setMaxTokens(TOKENS))
                .build());
  }

  private static ServingStatus health(ManagedChannel channel) {
    return HealthGrpc.newBlockingStub(channel)
        .withDeadlineAfter(10, SECONDS)
        .check(HealthCheckRequest.getDefaultInstance())
        .getStatus();
  }
}
