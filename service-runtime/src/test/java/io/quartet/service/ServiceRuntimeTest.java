package io.quartet.service;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.rpc.ErrorInfo;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.StatusProto;
import io.grpc.reflection.v1.ServerReflectionGrpc;
import io.grpc.reflection.v1.ServerReflectionRequest;
import io.grpc.reflection.v1.ServerReflectionResponse;
import io.grpc.stub.StreamObserver;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.checkpoint.Stage;
import io.quartet.recipe.Recipe;
import io.quartet.v1.CancelStageRequest;
import io.quartet.v1.CheckpointServiceGrpc;
import io.quartet.v1.GetCheckpointRequest;
import io.quartet.v1.GetStageRequest;
import io.quartet.v1.ListCheckpointsRequest;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StartRequest;
import io.quartet.v1.TrainingServiceGrpc;
import io.quartet.v1.WatchStageRequest;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Inject;
import jakarta.inject.Singleton;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The whole runtime inside Quarkus, over the real wire. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
class ServiceRuntimeTest {
  private static final String RECIPE = Recipe.committedYaml("tiny");

  /** The service's stage, as a service would declare it. */
  static final class Beans {
    @Produces
    @Singleton
    CountingStage stage() {
      return new CountingStage(Stage.BASE, Set.of(), 0);
    }
  }

  @Inject CountingStage stage;

  @ConfigProperty(name = "quarkus.grpc.server.test-port")
  int grpcPort;

  @ConfigProperty(name = "quarkus.http.test-port")
  int httpPort;

  private ManagedChannel channel;
  private TrainingServiceGrpc.TrainingServiceBlockingStub training;

  @BeforeEach
  void connect() {
    channel = GrpcChannels.open("127.0.0.1:" + grpcPort);
    training = TrainingServiceGrpc.newBlockingStub(channel).withDeadlineAfter(30, SECONDS);
  }

  @AfterEach
  void disconnect() {
    channel.shutdownNow();
  }

  @Test
  void watchStreamsFromTheCurrentProgressToTheEnd() {
    training.start(start("watched"));
    var progress = training.watch(WatchStageRequest.newBuilder().setRun("watched").build());
    List<String> states = new ArrayList<>();
    states.add(StageTransitions.word(progress.next()));
    stage.permits.release(10);
    StageProgress last = StageProgress.getDefaultInstance();
    while (progress.hasNext()) {
      last = progress.next();
      states.add(StageTransitions.word(last));
    }

    assertThat(states).startsWith(states.get(0)).endsWith("completed");
    assertThat(last.getCheckpointId()).isEqualTo("base/watched/10");
    assertThat(last.getStep()).isEqualTo(10);
    var list =
        CheckpointServiceGrpc.newBlockingStub(channel)
            .list(ListCheckpointsRequest.newBuilder().setRun("watched").build());
    assertThat(list.getCheckpointsList()).hasSize(1);
    assertThat(list.getCheckpoints(0).getEndpoint()).startsWith("127.0.0.1:");
  }

  @Test
  void cancelReturnsOnceTheStageIsCancelled() {
    training.start(start("called-off"));

    StageProgress last =
        training.cancel(CancelStageRequest.newBuilder().setRun("called-off").build());

    assertThat(StageTransitions.word(last)).isEqualTo("cancelled");
  }

  @Test
  void anUnknownRunIsNotFoundWithDetails() {
    assertThatThrownBy(() -> training.get(GetStageRequest.newBuilder().setRun("none").build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class, e -> assertThat(reason(e)).isEqualTo("NOT_FOUND"))
        .hasMessage("NOT_FOUND: run 'none' is unknown to the base service");
  }

  @Test
  void aBadRequestIsToldInOneLine() {
    assertThatThrownBy(
            () ->
                training.start(
                    StartRequest.newBuilder().setRun("x").setRecipeYaml("seeed: 1").build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class, e -> assertThat(reason(e)).isEqualTo("INVALID_ARGUMENT"))
        .hasMessageContaining("seeed");
    assertThatThrownBy(
            () ->
                CheckpointServiceGrpc.newBlockingStub(channel)
                    .get(GetCheckpointRequest.newBuilder().setCheckpointId("base/../1").build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class, e -> assertThat(reason(e)).isEqualTo("INVALID_ARGUMENT"));
  }

  @Test
  void healthAndReflectionAnswer() throws Exception {
    await().until(() -> http("/q/health/ready").statusCode() == 200);
    assertThat(http("/q/health/ready").body()).contains("kafka");
    assertThat(
            HealthGrpc.newBlockingStub(channel)
                .check(HealthCheckRequest.getDefaultInstance())
                .getStatus())
        .isEqualTo(ServingStatus.SERVING);
    assertThat(services()).contains("quartet.v1.TrainingService", "quartet.v1.CheckpointService");
  }

  @Test
  void metersFollowTheStage() throws Exception {
    stage.permits.drainPermits();
    training.start(start("metered"));
    stage.permits.release(10);
    await().until(() -> state("metered").equals("completed"));

    String meters = http("/q/metrics").body();
    assertThat(meters)
        .contains("quartet_stage_step{stage=\"base\"} 10.0")
        .contains("quartet_stage_loss{stage=\"base\"} 0.1")
        .contains("quartet_stage_tokens_total{stage=\"base\"}")
        .contains("quartet_stage_seconds_total{stage=\"base\"}")
        .contains("quartet_stage_ended_total{stage=\"base\",state=\"completed\"}");
  }

  private String state(String run) {
    return StageTransitions.word(training.get(GetStageRequest.newBuilder().setRun(run).build()));
  }

  private static StartRequest start(String run) {
    return StartRequest.newBuilder().setRun(run).setRecipeYaml(RECIPE).build();
  }

  private static String reason(StatusRuntimeException e) {
    try {
      return StatusProto.fromThrowable(e).getDetails(0).unpack(ErrorInfo.class).getReason();
    } catch (com.google.protobuf.InvalidProtocolBufferException broken) {
      throw new AssertionError(broken);
    }
  }

  private java.net.http.HttpResponse<String> http(String path) throws Exception {
    return HttpClient.newHttpClient()
        .send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + path)).build(),
            BodyHandlers.ofString());
  }

  private List<String> services() throws Exception {
    var answer = new CompletableFuture<ServerReflectionResponse>();
    var requests =
        ServerReflectionGrpc.newStub(channel)
            .serverReflectionInfo(
                new StreamObserver<>() {
                  @Override
                  public void onNext(ServerReflectionResponse response) {
                    answer.complete(response);
                  }

                  @Override
                  public void onError(Throwable failure) {
                    answer.completeExceptionally(failure);
                  }

                  @Override
                  public void onCompleted() {}
                });
    requests.onNext(ServerReflectionRequest.newBuilder().setListServices("").build());
    try {
      return answer.get(10, SECONDS).getListServicesResponse().getServiceList().stream()
          .map(io.grpc.reflection.v1.ServiceResponse::getName)
          .toList();
    } finally {
      requests.onCompleted();
    }
  }
}
