package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.rpc.ErrorInfo;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quartet.service.GrpcChannels;
import io.quartet.v1.ChatRequest;
import io.quartet.v1.ChatServiceGrpc;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.GenerationServiceGrpc;
import io.quartet.v1.GetModelRequest;
import io.quartet.v1.Message;
import io.quartet.v1.Model;
import io.quartet.v1.ModelServiceGrpc;
import io.quartet.v1.ModelState;
import io.quartet.v1.Role;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.Usage;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import org.awaitility.Awaitility;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;

/**
 * The whole gateway over the real wire: broker, fetched checkpoints, decoder. It serves {@code
 * sft/talk/1}, which answers {@link #ANSWER} to anything, and {@code rl/long/1}, which goes on with
 * {@code yz} after an {@code x} and repeats any other character until its context is full.
 */
public abstract class GatewayFixture {
  protected static final String ANSWER = "aé🌍b\ncd";
  protected static final int LONG_CONTEXT = 1 << 16;
  protected static final SamplingParameters GREEDY =
      SamplingParameters.newBuilder().setTemperature(0).build();

  /** Of the application under test: all classes of one profile share one. */
  private static TrainingSide training;

  private static String announcedTo = "";

  @ConfigProperty(name = "quartet.kafka.bootstrap")
  String bootstrap;

  @ConfigProperty(name = "quartet.home")
  String home;

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
    if (!bootstrap.equals(announcedTo)) {
      announcedTo = bootstrap;
      training = new TrainingSide(Path.of(home).resolveSibling("training"), bootstrap);
      training.announce(ScriptedModels.publish(training.store(), "sft/talk/1", " " + ANSWER));
      training.announce(ScriptedModels.publish(training.store(), "rl/long/1", "xyz", LONG_CONTEXT));
    }
    await("sft/talk/1 ready").until(() -> state("sft/talk/1") == ModelState.MODEL_STATE_READY);
    await("rl/long/1 ready").until(() -> state("rl/long/1") == ModelState.MODEL_STATE_READY);
  }

  @AfterEach
  void disconnect() {
    channel.shutdownNow();
    await("all slots free")
        .until(
            () -> meter("quartet_gateway_requests_running{model=\"rl/long/1\",stage=\"rl\"} 0.0"));
  }

  protected GenerationServiceGrpc.GenerationServiceBlockingStub generate() {
    return GenerationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, SECONDS);
  }

  protected ChatServiceGrpc.ChatServiceBlockingStub chat() {
    return ChatServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, SECONDS);
  }

  protected ModelServiceGrpc.ModelServiceBlockingStub models() {
    return ModelServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, SECONDS);
  }

  protected Model model(String name) {
    return models().get(GetModelRequest.newBuilder().setModel(name).build());
  }

  protected ModelState state(String name) {
    try {
      return model(name).getState();
    } catch (StatusRuntimeException e) {
      assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
      return ModelState.MODEL_STATE_UNSPECIFIED;
    }
  }

  protected boolean meter(String line) throws Exception {
    return get("/q/metrics").contains(line);
  }

  protected String get(String path) throws Exception {
    return HttpClient.newHttpClient()
        .send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString())
        .body();
  }

  protected URI uri(String path) {
    return URI.create("http://127.0.0.1:" + httpPort + path);
  }

  protected ManagedChannel channel() {
    return channel;
  }

  protected TrainingSide training() {
    return training;
  }

  protected static ChatRequest ask(String model, SamplingParameters sampling) {
    return ChatRequest.newBuilder()
        .setModel(model)
        .addMessages(Message.newBuilder().setRole(Role.ROLE_USER).setContent("x"))
        .setSampling(sampling)
        .build();
  }

  protected static GenerateRequest complete(
      String model, String text, SamplingParameters sampling) {
    return GenerateRequest.newBuilder().setModel(model).setText(text).setSampling(sampling).build();
  }

  protected static Usage usage(int prompt, int completion) {
    return Usage.newBuilder().setPromptTokens(prompt).setCompletionTokens(completion).build();
  }

  protected static void assertStatus(Runnable call, Status.Code code, String message) {
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
