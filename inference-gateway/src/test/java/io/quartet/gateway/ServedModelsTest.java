package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.service.EmbeddedBroker;
import io.quartet.v1.ChatServiceGrpc;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.ListModelsRequest;
import io.quartet.v1.Model;
import io.quartet.v1.ModelState;
import io.quartet.v1.WatchModelsRequest;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is served, while it changes. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class ServedModelsTest extends GatewayFixture {
  @Test
  void aNewCheckpointAnswersFromThenOnAndTheOldOneEndsItsStreams() {
    training().announce(ScriptedModels.publish(training().store(), "base/b/1", "12", LONG_CONTEXT));
    await().until(() -> state("base/b/1") == ModelState.MODEL_STATE_READY);
    var updates = models().watch(WatchModelsRequest.getDefaultInstance());
    Iterator<GenerateChunk> begun =
        generate()
            .generateStream(complete("base", "!", GREEDY.toBuilder().setMaxTokens(3000).build()));
    assertThat(begun.next().getCheckpointId()).isEqualTo("base/b/1");

    training().announce(ScriptedModels.publish(training().store(), "base/b/2", "34"));
    List<String> seen = new ArrayList<>();
    while (!seen.contains("base/b/2 READY [base]")) {
      Model model = updates.next();
      seen.add(
          "%s %s %s"
              .formatted(
                  model.getCheckpointId(),
                  model.getState().name().substring("MODEL_STATE_".length()),
                  model.getAliasesList()));
    }

    assertThat(generate().generate(complete("base", "3", GREEDY)).getCheckpointId())
        .isEqualTo("base/b/2");
    List<GenerateChunk> rest = new ArrayList<>();
    begun.forEachRemaining(rest::add);
    assertThat(rest.get(rest.size() - 1).getUsage().getCompletionTokens()).isEqualTo(3000);
    assertThat(generate().generate(complete("base/b/1", "1", GREEDY)).getText()).isEqualTo("2");
  }

  @Test
  void aCorruptCheckpointIsRefusedAndReportedAndTheOldOneStays() throws Exception {
    Checkpoint checkpoint = ScriptedModels.publish(training().store(), "sft/rotten/2", "zz9");
    var announcement = training().announcement(checkpoint);
    byte[] weights = Files.readAllBytes(checkpoint.weights());
    weights[weights.length - 5] ^= 1;
    Files.write(checkpoint.weights(), weights);

    training().announce(announcement);

    await().until(() -> state("sft/rotten/2") == ModelState.MODEL_STATE_FAILED);
    assertThat(model("sft/rotten/2").getFailure())
        .contains("sft/rotten/2", "model.safetensors", "SHA-256", "expected");
    assertThat(model("sft").getCheckpointId()).isEqualTo("sft/talk/1");
    assertThat(chat().chat(ask("sft", GREEDY)).getMessage().getContent()).isEqualTo(ANSWER);
    assertStatus(
        () -> chat().chat(ask("sft/rotten/2", GREEDY)), Status.Code.DATA_LOSS, "checkpoint");
  }

  @Test
  void whatIsServedIsListedWithItsSizes() {
    var list = models().list(ListModelsRequest.getDefaultInstance()).getModelsList();
    Model model = model("rl");

    assertThat(list).contains(model);
    assertThat(model.getContextLength()).isEqualTo(LONG_CONTEXT);
    assertThat(model.getParameters()).isGreaterThan(0);
    assertThat(model.getDigest()).hasSize(64);
    assertThat(model.hasLoaded()).isTrue();
  }

  @Test
  void healthAnswersAndTheMetersCount() throws Exception {
    await().until(() -> get("/q/health/ready").contains("\"status\": \"UP\""));
    assertThat(get("/q/health/ready")).contains("\"sft\": \"sft/talk/1\"");
    assertThat(
            HealthGrpc.newBlockingStub(channel())
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
    chat().chat(ask("sft/talk/1", GREEDY));
    String labels = "{model=\"sft/talk/1\",stage=\"sft\"";
    String conventional =
        "{gen_ai_operation_name=\"chat\",gen_ai_provider_name=\"quartet\","
            + "gen_ai_request_model=\"sft\",gen_ai_response_model=\"sft/talk/1\"";
    assertThat(get("/q/metrics"))
        .contains(
            "quartet_gateway_requests_total{model=\"sft/talk/1\",outcome=\"STOP\",stage=\"sft\"}",
            "quartet_gateway_requests_running" + labels + "} 0.0",
            "quartet_gateway_requests_waiting" + labels + "} 0.0",
            "quartet_gateway_kv_cache_usage" + labels + "}",
            "quartet_gateway_prefix_cache_queries_total" + labels + "}",
            "quartet_gateway_prefix_cache_hits_total" + labels + "}",
            "quartet_gateway_model_memory_bytes" + labels + "}",
            "quartet_gateway_prompt_tokens_total" + labels + "}",
            "quartet_gateway_generation_tokens_total" + labels + "}",
            "quartet_gateway_queue_time_seconds_bucket" + labels + ",le=\"0.001\"}",
            "quartet_gateway_prefill_time_seconds_count" + labels + "}",
            "quartet_gateway_decode_time_seconds_count" + labels + "}",
            "quartet_gateway_inter_token_latency_seconds_bucket" + labels + ",le=\"0.005\"}",
            "gen_ai_server_request_duration_seconds_count" + conventional + "}",
            "gen_ai_server_time_to_first_token_seconds_count" + conventional + "}",
            "gen_ai_server_time_per_output_token_seconds_count" + conventional + "}");
  }

  @Test
  void healthKnowsItsServicesAndNoOther() {
    var health = HealthGrpc.newBlockingStub(channel()).withDeadlineAfter(60, SECONDS);
    var chat = HealthCheckRequest.newBuilder().setService(ChatServiceGrpc.SERVICE_NAME).build();
    var nothing = HealthCheckRequest.newBuilder().setService("quartet.v1.Nothing").build();

    await().until(() -> health.check(chat).getStatus() == ServingStatus.SERVING);
    assertThat(health.watch(chat).next().getStatus()).isEqualTo(ServingStatus.SERVING);
    assertThat(health.watch(nothing).next().getStatus()).isEqualTo(ServingStatus.SERVICE_UNKNOWN);
    assertThatThrownBy(() -> health.check(nothing))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND));
  }

  @Test
  void aPlainConnectionIsNotUpgraded() throws Exception {
    HttpResponse<String> response =
        HttpClient.newHttpClient() // asks for HTTP/2
            .send(HttpRequest.newBuilder(uri("/q/metrics")).build(), BodyHandlers.ofString());

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.version()).isEqualTo(HttpClient.Version.HTTP_1_1);
  }
}
