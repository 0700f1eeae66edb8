package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Any;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.MetadataUtils;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.common.http.TestHTTPResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.quartet.checkpoint.CheckpointId;
import io.quartet.keys.PlainKey;
import io.quartet.service.EmbeddedBroker;
import io.quartet.v1.CountTokensRequest;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.GenerationServiceGrpc;
import io.quartet.v1.GetModelRequest;
import io.quartet.v1.ListModelsRequest;
import io.quartet.v1.ListRoutesRequest;
import io.quartet.v1.Model;
import io.quartet.v1.ModelServiceGrpc;
import io.quartet.v1.ModelState;
import io.quartet.v1.Precision;
import io.quartet.v1.Route;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.TokenizerServiceGrpc;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.data.Percentage;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Keys, TLS and client certificates over the real wire. */
@QuarkusTest
@TestProfile(SecuredGatewayTest.Secured.class)
@QuarkusTestResource(value = EmbeddedBroker.class, restrictToAnnotatedClass = true)
@QuarkusTestResource(value = SecuredGateway.class, restrictToAnnotatedClass = true)
class SecuredGatewayTest {
  /** An application of its own: the resources decide everything. */
  public static final class Secured implements io.quarkus.test.junit.QuarkusTestProfile {}

  @TempDir static Path folder;

  @ConfigProperty(name = "quartet.kafka.bootstrap")
  String bootstrap;

  @ConfigProperty(name = "quarkus.grpc.server.test-port")
  int grpcPort;

  @TestHTTPResource(value = "/", tls = true)
  URI http;

  private final List<ManagedChannel> channels = new ArrayList<>();

  @AfterEach
  void disconnect() {
    channels.forEach(ManagedChannel::shutdownNow);
  }

  @Test
  void withoutAKeyOrWithAWrongOneNobodyIsAnsweredButHealthIs() throws IOException {
    ManagedChannel channel = channel(credentials(SecuredGateway.CLIENT));
    var models = ModelServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, SECONDS);

    assertUnauthenticated(
        () -> models.list(ListModelsRequest.getDefaultInstance()),
        "authorization: none, expected 'Bearer ' and an API key");
    assertUnauthenticated(
        () ->
            models
                .withInterceptors(bearer(PlainKey.create(new java.util.SplittableRandom(3))))
                .list(ListModelsRequest.getDefaultInstance()),
        "authorization: no such API key");
    assertThat(
            HealthGrpc.newBlockingStub(channel)
                .withDeadlineAfter(20, SECONDS)
                .check(HealthCheckRequest.getDefaultInstance())
                .hasField(
                    io.grpc.health.v1.HealthCheckResponse.getDescriptor()
                        .findFieldByName("status")))
        .isTrue();
  }

  @Test
  void aKeyOpensTheDoorAndOneWithoutTheRightChangesNothing() throws IOException {
    var models =
        ModelServiceGrpc.newBlockingStub(channel(credentials(SecuredGateway.CLIENT)))
            .withInterceptors(bearer(SecuredGateway.KEY))
            .withDeadlineAfter(20, SECONDS);

    assertThat(models.listRoutes(ListRoutesRequest.getDefaultInstance()).getRoutesList())
        .extracting(Route::getAlias)
        .containsExactly("base", "sft", "rl");
    assertThatThrownBy(() -> models.setRoute(Route.newBuilder().setAlias("rl").build()))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.PERMISSION_DENIED);
              assertThat(e.getStatus().getDescription())
                  .isEqualTo(
                      "key 'tests' may not change what is served; that takes a key with admin:"
                          + " true");
            });
  }

  @Test
  void aModelSaysWhatItsPrecisionCosts() throws IOException {
    var models =
        ModelServiceGrpc.newBlockingStub(channel(credentials(SecuredGateway.CLIENT)))
            .withInterceptors(bearer(SecuredGateway.KEY));
    serveSmall();

    Model model =
        models
            .withDeadlineAfter(20, SECONDS)
            .get(GetModelRequest.newBuilder().setModel("sft").build());
    assertThat(model.getPrecision()).isEqualTo(Precision.PRECISION_INT8);
    assertThat(model.getPrecisionLoss().getTokens()).isPositive();
    assertThat(model.getPrecisionLoss().getAgreement()).isEqualTo(1);
    assertThat(model.getPrecisionLoss().getPerplexity())
        .isCloseTo(model.getPrecisionLoss().getFullPerplexity(), Percentage.withPercentage(5));
    assertThat(model.getMemoryBytes()).isPositive();
  }

  @Test
  void aQuotaThatIsUsedUpSaysWhenToComeBack() throws IOException {
    serveSmall();
    var generate =
        GenerationServiceGrpc.newBlockingStub(channel(credentials(SecuredGateway.CLIENT)))
            .withInterceptors(bearer(SecuredGateway.METERED))
            .withDeadlineAfter(60, SECONDS);
    var request =
        GenerateRequest.newBuilder()
            .setModel("sft")
            .setText("a")
            .setSampling(SamplingParameters.newBuilder().setTemperature(0))
            .build();

    for (int i = 0; i < SecuredGateway.REQUESTS; i++) {
      assertThat(generate.generate(request).getText()).isEqualTo("bc");
    }
    assertThatThrownBy(() -> generate.generate(request))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
              assertThat(e.getStatus().getDescription())
                  .startsWith("key 'metered': its requests of this minute are used up");
              assertThat(StatusProto.fromThrowable(e).getDetailsList())
                  .extracting(Any::getTypeUrl)
                  .containsExactly(
                      "type.googleapis.com/google.rpc.ErrorInfo",
                      "type.googleapis.com/google.rpc.RetryInfo");
            });
  }

  @Test
  void whoOnlyCountsTokensUsesUpRequestsToo() throws IOException {
    serveSmall();
    var tokenizer =
        TokenizerServiceGrpc.newBlockingStub(channel(credentials(SecuredGateway.CLIENT)))
            .withInterceptors(bearer(SecuredGateway.COUNTING))
            .withDeadlineAfter(60, SECONDS);
    var request = CountTokensRequest.newBuilder().setModel("sft").setText("a").build();

    for (int i = 0; i < SecuredGateway.REQUESTS; i++) {
      assertThat(tokenizer.countTokens(request).getTokens()).isEqualTo(1);
    }
    assertThatThrownBy(() -> tokenizer.countTokens(request))
        .hasMessageContaining("key 'counting': its requests of this minute are used up");
  }

  @Test
  void withoutATrustedCertificateThereIsNoConnection() throws IOException {
    var trusting =
        TlsChannelCredentials.newBuilder()
            .trustManager(SecuredGateway.SERVER.certificate().toFile());
    for (ChannelCredentials credentials :
        List.of(
            trusting.build(),
            credentials(SecuredGateway.STRANGER),
            InsecureChannelCredentials.create())) {
      assertThatThrownBy(
              () ->
                  HealthGrpc.newBlockingStub(channel(credentials))
                      .withDeadlineAfter(20, SECONDS)
                      .check(HealthCheckRequest.getDefaultInstance()))
          .isInstanceOfSatisfying(
              StatusRuntimeException.class,
              e -> assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE));
    }
  }

  @Test
  void overHttpHealthIsEverybodysAndTheRestNeedsCertificateAndKey() throws Exception {
    HttpClient stranger = TlsHttpClient.of(null);
    HttpClient known = TlsHttpClient.of(SecuredGateway.CLIENT);

    assertThat(get(stranger, "q/health/live", null).statusCode()).isEqualTo(200);
    HttpResponse<String> refused = get(stranger, "q/metrics", SecuredGateway.KEY);
    assertThat(refused.statusCode()).isEqualTo(401);
    assertThat(refused.body())
        .isEqualTo(
            "{\"error\":{\"message\":\"client certificate: none, expected one that the gateway"
                + " trusts\",\"type\":\"invalid_request_error\",\"param\":null,"
                + "\"code\":\"invalid_api_key\"}}");
    assertThat(get(known, "q/metrics", null).statusCode()).isEqualTo(401);
    assertThat(get(known, "q/metrics", SecuredGateway.KEY).statusCode()).isEqualTo(200);
    assertThat(get(known, "q/health/../metrics", null).statusCode()).isEqualTo(401);
  }

  @Test
  void anHttpBodyMayBeAsLargeAsAGrpcMessage() throws Exception {
    HttpClient client = TlsHttpClient.of(SecuredGateway.CLIENT);
    String largest = "x".repeat(SecuredGateway.LARGEST_MESSAGE);

    assertThat(post(client, largest).body()).contains("body: not JSON");
    HttpResponse<String> refused = post(client, largest + "x");
    assertThat(refused.statusCode()).isEqualTo(413);
    assertThat(refused.body()).contains("expected at most 1572864 bytes");
  }

  private void serveSmall() throws IOException {
    var models =
        ModelServiceGrpc.newBlockingStub(channel(credentials(SecuredGateway.CLIENT)))
            .withInterceptors(bearer(SecuredGateway.KEY));
    try (var training = new TrainingSide(folder, bootstrap)) {
      var id = CheckpointId.parse("sft/small/1");
      if (training.store().find(id).isEmpty()) {
        training.announce(ScriptedModels.publish(training.store(), id.toString(), "abc"));
      }
      await()
          .atMost(Duration.ofSeconds(60))
          .until(
              () ->
                  models
                      .withDeadlineAfter(20, SECONDS)
                      .list(ListModelsRequest.getDefaultInstance())
                      .getModelsList()
                      .stream()
                      .anyMatch(model -> model.getState() == ModelState.MODEL_STATE_READY));
    }
  }

  private static void assertUnauthenticated(Runnable call, String why) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.UNAUTHENTICATED);
              assertThat(e.getStatus().getDescription()).isEqualTo(why);
            });
  }

  private ManagedChannel channel(ChannelCredentials credentials) {
    ManagedChannel channel = Grpc.newChannelBuilder("127.0.0.1:" + grpcPort, credentials).build();
    channels.add(channel);
    return channel;
  }

  private static ChannelCredentials credentials(Certificates client) throws IOException {
    return TlsChannelCredentials.newBuilder()
        .trustManager(SecuredGateway.SERVER.certificate().toFile())
        .keyManager(client.certificate().toFile(), client.key().toFile())
        .build();
  }

  private static io.grpc.ClientInterceptor bearer(PlainKey key) {
    var headers = new Metadata();
    headers.put(
        Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER),
        "Bearer " + key.reveal());
    return MetadataUtils.newAttachHeadersInterceptor(headers);
  }

  private HttpResponse<String> post(HttpClient client, String body) throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create(http + "v1/completions"))
            .version(HttpClient.Version.HTTP_1_1)
            .timeout(Duration.ofSeconds(20))
            .header("authorization", "Bearer " + SecuredGateway.KEY.reveal())
            .POST(HttpRequest.BodyPublishers.ofString(body));
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private HttpResponse<String> get(HttpClient client, String path, PlainKey key) throws Exception {
    var request = HttpRequest.newBuilder(URI.create(http + path));
    if (key != null) {
      request.header("authorization", "Bearer " + key.reveal());
    }
    return client.send(request.build(), BodyHandlers.ofString());
  }
}
