package io.quartet.gateway;

import static io.quartet.v1.FinishReason.FINISH_REASON_LENGTH;
import static io.quartet.v1.FinishReason.FINISH_REASON_STOP;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.rpc.ErrorInfo;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.StatusProto;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.service.EmbeddedBroker;
import io.quartet.service.GrpcChannels;
import io.quartet.v1.ChatRequest;
import io.quartet.v1.ChatResponse;
import io.quartet.v1.ChatServiceGrpc;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.GenerationServiceGrpc;
import io.quartet.v1.GetModelRequest;
import io.quartet.v1.ListModelsRequest;
import io.quartet.v1.Message;
import io.quartet.v1.Model;
import io.quartet.v1.ModelServiceGrpc;
import io.quartet.v1.ModelState;
import io.quartet.v1.Role;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.TokenIds;
import io.quartet.v1.Usage;
import io.quartet.v1.WatchModelsRequest;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.awaitility.Awaitility;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The whole gateway over the real wire: broker, fetched checkpoints, decoder, gRPC. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class GatewayTest {
  private static final String ANSWER = "aé🌍b\ncd";
  private static final int LONG_CONTEXT = 1 << 16;
  private static final SamplingParameters GREEDY =
      SamplingParameters.newBuilder().setTemperature(0).build();

  @TempDir static Path folder;
  private static TrainingSide training;

  @ConfigProperty(name = "quartet.kafka.bootstrap")
  String bootstrap;

  @ConfigProperty(name = "quarkus.grpc.server.test-port")
  int grpcPort;

  @ConfigProperty(name = "quarkus.http.test-port")
  int httpPort;

  private ManagedChannel channel;

  @BeforeAll
  static void bePatient() {
    Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
  }

  @BeforeEach
  void connect() throws Exception {
    channel = GrpcChannels.open("127.0.0.1:" + grpcPort);
    if (training == null) {
      training = new TrainingSide(folder, bootstrap);
      training.announce(ScriptedModels.publish(training.store(), "sft/talk/1", " " + ANSWER));
      training.announce(ScriptedModels.publish(training.store(), "rl/long/1", "xyz", LONG_CONTEXT));
    }
    await("sft/talk/1 ready").until(() -> state("sft/talk/1") == ModelState.MODEL_STATE_READY);
    await("rl/long/1 ready").until(() -> state("rl/long/1") == ModelState.MODEL_STATE_READY);
  }

  @AfterEach
  void disconnect() {
    channel.shutdownNow();
    await("all slots free").until(() -> meter("quartet_gateway_running{stage=\"rl\"} 0.0"));
  }

  @Test
  void aChatStreamSaysWhoAnswersAndHowThenTheTextThenWhyItEnded() {
    List<GenerateChunk> chunks = new ArrayList<>();
    chat().chatStream(ask("sft", GREEDY)).forEachRemaining(chunks::add);

    GenerateChunk first = chunks.get(0);
    GenerateChunk last = chunks.get(chunks.size() - 1);
    assertThat(first.getCheckpointId()).isEqualTo("sft/talk/1");
    assertThat(first.getText()).isEmpty();
    assertThat(first.getEffectiveSampling().hasSeed()).isTrue();
    assertThat(chunks.stream().map(GenerateChunk::getText).collect(Collectors.joining()))
        .isEqualTo(ANSWER);
    assertThat(last.getFinishReason()).isEqualTo(FINISH_REASON_STOP);
    assertThat(last.getUsage()).isEqualTo(usage(5, 13));
  }

  @Test
  void aChatAnswerIsTheSameTextAtOnce() {
    ChatResponse response = chat().chat(ask("sft/talk/1", GREEDY));

    assertThat(response)
        .isEqualTo(
            ChatResponse.newBuilder()
                .setCheckpointId("sft/talk/1")
                .setMessage(Message.newBuilder().setRole(Role.ROLE_ASSISTANT).setContent(ANSWER))
                .setFinishReason(FINISH_REASON_STOP)
                .setUsage(usage(5, 13))
                .setEffectiveSampling(response.getEffectiveSampling())
                .build());
    assertThat(response.getEffectiveSampling().toBuilder().clearSeed().build())
        .isEqualTo(
            SamplingParameters.newBuilder()
                .setTemperature(0)
                .setTopK(0)
                .setTopP(1)
                .setMaxTokens(ScriptedModels.CONTEXT - 5)
                .build());
  }

  @Test
  void aCompletionCarriesItsTokensAndTheirLogProbs() {
    GenerateResponse response = generate().generate(complete("rl", "x", GREEDY));

    assertThat(response.getText()).isEqualTo("yz");
    assertThat(response.getTokenIdsList()).containsExactly(6 + 'y', 6 + 'z', 4);
    assertThat(response.getLogProbsList()).hasSize(3).allMatch(p -> p <= 0 && p > -0.1);
    assertThat(response.getUsage()).isEqualTo(usage(1, 3));
  }

  @Test
  void tokensAreTakenAsTheyAreAndNoTextIsTheBeginningOfADocument() {
    var tokens = TokenIds.newBuilder().addIds(6 + 'x');
    var byTokens =
        GenerateRequest.newBuilder().setModel("rl").setTokens(tokens).setSampling(GREEDY).build();
    var few = GREEDY.toBuilder().setMaxTokens(2).build();

    assertThat(generate().generate(byTokens).getText()).isEqualTo("yz");
    assertThat(generate().generate(complete("rl", "", few)).getUsage()).isEqualTo(usage(1, 1));
  }

  @Test
  void aStopStringEndsTheAnswerAndIsNeverSeen() {
    var sampling = GREEDY.toBuilder().addStop("🌍b").addStop("zzz").build();
    List<GenerateChunk> chunks = new ArrayList<>();
    chat().chatStream(ask("sft/talk/1", sampling)).forEachRemaining(chunks::add);

    assertThat(chunks.stream().map(GenerateChunk::getText).collect(Collectors.joining()))
        .isEqualTo("aé");
    GenerateChunk last = chunks.get(chunks.size() - 1);
    assertThat(last.getFinishReason()).isEqualTo(FINISH_REASON_STOP);
    assertThat(last.getUsage().getCompletionTokens()).isEqualTo(9);
  }

  @Test
  void theSameSeedGivesTheSameAnswer() {
    var hot = SamplingParameters.newBuilder().setTemperature(50).setMaxTokens(20).build();
    GenerateResponse first = generate().generate(complete("rl", "x", hot));

    GenerateResponse second =
        generate().generate(complete("rl", "x", first.getEffectiveSampling()));

    assertThat(second).isEqualTo(first);
    assertThat(generate().generate(complete("rl", "x", hot)).getTokenIdsList())
        .isNotEqualTo(first.getTokenIdsList());
  }

  @Test
  void requestsThatCannotBeAnsweredSayWhy() {
    training.announce(ScriptedModels.publishReward(training.store(), "reward/judge/1"));
    await()
        .untilAsserted(
            () ->
                assertStatus(
                    () -> chat().chat(ask("reward/judge/1", GREEDY)),
                    Status.Code.INVALID_ARGUMENT,
                    "model 'reward/judge/1' is a reward model, which scores answers and writes none"));
    assertStatus(
        () -> chat().chat(ask("gpt-5", GREEDY)),
        Status.Code.NOT_FOUND,
        "no model 'gpt-5'; there are ");
    assertStatus(
        () -> generate().generate(complete("sft/talk/1", "x".repeat(70), GREEDY)),
        Status.Code.INVALID_ARGUMENT,
        "prompt of 70 tokens, expected fewer than the context length 64 of sft/talk/1");
    assertStatus(
        () -> chat().chat(ask("sft", SamplingParameters.newBuilder().setTemperature(-1).build())),
        Status.Code.INVALID_ARGUMENT,
        "sampling: temperature -1.0, expected 0, or 0.01 to 100");
    assertStatus(
        () -> chat().chat(ChatRequest.newBuilder().setModel("sft").build()),
        Status.Code.INVALID_ARGUMENT,
        "conversation: found no message");
    assertStatus(
        () ->
            chat()
                .chat(
                    ChatRequest.newBuilder()
                        .setModel("sft")
                        .addMessages(Message.newBuilder().setContent("hi"))
                        .build()),
        Status.Code.INVALID_ARGUMENT,
        "message 1: role ROLE_UNSPECIFIED, expected system, user or assistant");
    assertStatus(
        () ->
            generate()
                .generate(
                    GenerateRequest.newBuilder()
                        .setModel("sft")
                        .setTokens(TokenIds.newBuilder().addIds(999))
                        .build()),
        Status.Code.INVALID_ARGUMENT,
        "token 999 at place 0, expected 0 to 261 of sft/talk/1");
    assertStatus(
        () -> generate().generate(GenerateRequest.newBuilder().setModel("sft").build()),
        Status.Code.INVALID_ARGUMENT,
        "prompt: none, expected text or tokens");
    assertStatus(
        () -> generate().generate(complete("sft", "x".repeat(2 << 20), GREEDY)),
        Status.Code.RESOURCE_EXHAUSTED,
        "");
  }

  @Test
  void aCancelledStreamGivesItsSlotToTheNextAndOneTooManyIsTurnedAway() throws Exception {
    List<Context.CancellableContext> callers = new ArrayList<>();
    for (int i = 0; i < SmallGateway.SLOTS; i++) {
      Context.CancellableContext caller = Context.current().withCancellation();
      callers.add(caller);
      Iterator<GenerateChunk> chunks =
          caller.call(() -> generate().generateStream(complete("rl", "!", GREEDY)));
      chunks.next();
      chunks.next();
    }
    List<CompletableFuture<GenerateResponse>> waiting = new ArrayList<>();
    for (int i = 0; i < SmallGateway.WAITING; i++) {
      waiting.add(
          CompletableFuture.supplyAsync(() -> generate().generate(complete("rl", "x", GREEDY))));
    }
    await().until(() -> meter("quartet_gateway_waiting{stage=\"rl\"} 2.0"));

    assertStatus(
        () -> generate().generate(complete("rl", "x", GREEDY)),
        Status.Code.RESOURCE_EXHAUSTED,
        "model 'rl/long/1': 4 requests under way, expected at most 4; try again later");
    assertThat(waiting).noneMatch(CompletableFuture::isDone);
    callers.get(0).cancel(null);

    assertThat(waiting)
        .allSatisfy(answer -> assertThat(answer.get(20, SECONDS).getText()).isEqualTo("yz"));
    callers.get(1).cancel(null);
    await()
        .until(() -> meter("quartet_gateway_requests_total{outcome=\"CANCELLED\",stage=\"rl\"}"));
  }

  @Test
  void aReaderThatStopsReadingHoldsNoSlotAndMissesNothing() throws Exception {
    int tokens = 6000; // some 90 kB of chunks, more than the wire holds unread
    Iterator<GenerateChunk> chunks =
        generate()
            .generateStream(complete("rl", "!", GREEDY.toBuilder().setMaxTokens(tokens).build()));
    chunks.next();
    await().atMost(60, SECONDS).until(() -> meter("quartet_gateway_running{stage=\"rl\"} 0.0"));

    List<GenerateChunk> rest = new ArrayList<>();
    chunks.forEachRemaining(rest::add);

    assertThat(rest.stream().map(GenerateChunk::getText).collect(Collectors.joining()))
        .isEqualTo("!".repeat(tokens));
    assertThat(rest.get(rest.size() - 1).getFinishReason()).isEqualTo(FINISH_REASON_LENGTH);
    assertThat(rest.size()).as("unread tokens came together").isLessThan(tokens);
  }

  @Test
  void aNewCheckpointAnswersFromThenOnAndTheOldOneEndsItsStreams() {
    training.announce(ScriptedModels.publish(training.store(), "base/b/1", "12", LONG_CONTEXT));
    await().until(() -> state("base/b/1") == ModelState.MODEL_STATE_READY);
    var updates = models().watch(WatchModelsRequest.getDefaultInstance());
    Iterator<GenerateChunk> begun =
        generate()
            .generateStream(complete("base", "!", GREEDY.toBuilder().setMaxTokens(3000).build()));
    assertThat(begun.next().getCheckpointId()).isEqualTo("base/b/1");

    training.announce(ScriptedModels.publish(training.store(), "base/b/2", "34"));
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
    Checkpoint checkpoint = ScriptedModels.publish(training.store(), "sft/rotten/2", "zz9");
    var announcement = training.announcement(checkpoint);
    byte[] weights = Files.readAllBytes(checkpoint.weights());
    weights[weights.length - 5] ^= 1;
    Files.write(checkpoint.weights(), weights);

    training.announce(announcement);

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
            HealthGrpc.newBlockingStub(channel)
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
    chat().chat(ask("sft/talk/1", GREEDY));
    assertThat(get("/q/metrics"))
        .contains("quartet_gateway_requests_total{outcome=\"OK\",stage=\"sft\"}")
        .contains("quartet_gateway_tokens_total{kind=\"completion\",stage=\"sft\"}")
        .contains("quartet_gateway_tokens_total{kind=\"prompt\",stage=\"sft\"}")
        .contains("quartet_gateway_time_to_first_token_seconds_bucket{stage=\"sft\"")
        .contains("quartet_gateway_duration_seconds_count{stage=\"sft\"}");
  }

  private GenerationServiceGrpc.GenerationServiceBlockingStub generate() {
    return GenerationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, SECONDS);
  }

  private ChatServiceGrpc.ChatServiceBlockingStub chat() {
    return ChatServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, SECONDS);
  }

  private ModelServiceGrpc.ModelServiceBlockingStub models() {
    return ModelServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, SECONDS);
  }

  private Model model(String name) {
    return models().get(GetModelRequest.newBuilder().setModel(name).build());
  }

  private ModelState state(String name) {
    try {
      return model(name).getState();
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
      return ModelState.MODEL_STATE_UNSPECIFIED;
    }
  }

  private boolean meter(String line) throws Exception {
    return get("/q/metrics").contains(line);
  }

  private String get(String path) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + path)).build(),
            BodyHandlers.ofString())
        .body();
  }

  private static ChatRequest ask(String model, SamplingParameters sampling) {
    return ChatRequest.newBuilder()
        .setModel(model)
        .addMessages(Message.newBuilder().setRole(Role.ROLE_USER).setContent("x"))
        .setSampling(sampling)
        .build();
  }

  private static GenerateRequest complete(String model, String text, SamplingParameters sampling) {
    return GenerateRequest.newBuilder().setModel(model).setText(text).setSampling(sampling).build();
  }

  private static Usage usage(int prompt, int completion) {
    return Usage.newBuilder().setPromptTokens(prompt).setCompletionTokens(completion).build();
  }

  private static void assertStatus(Runnable call, Status.Code code, String message) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(code);
              assertThat(String.valueOf(e.getStatus().getDescription())).startsWith(message);
              var details = StatusProto.fromThrowable(e).getDetailsList();
              if (!message.isEmpty()) {
                assertThat(details.get(0).is(ErrorInfo.class)).isTrue();
              }
            });
  }
}
