package io.quartet.gateway;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.checkpoint.QuartetException;
import io.quartet.service.EmbeddedBroker;
import io.quartet.v1.CountTokensRequest;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.TokenizerServiceGrpc;
import jakarta.inject.Inject;
import java.net.Socket;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/** Large requests while others are being read. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class LargeRequestsTest extends GatewayFixture {
  private static final String LARGE = "x".repeat(ReadingRoom.SMALL + 1);
  private static final SamplingParameters FEW = GREEDY.toBuilder().setMaxTokens(1).build();
  private static final String REFUSED =
      "quartet_gateway_requests_total{model=\"%s\",outcome=\"RESOURCE_EXHAUSTED\",stage=\"%s\"}";

  @Inject Intake intake;

  @Test
  void aLargeTextIsNotCountedWhileTheRoomIsFull() throws Exception {
    whileFull(
        intake.texts(),
        () -> {
          assertExhausted(() -> count(LARGE), "texts: ");
          assertThat(count("x")).as("a small one is").isEqualTo(1);
          return generate().generate(complete("rl/long/1", LARGE, FEW)); // prompts have their own
        });

    assertThat(count(LARGE)).isEqualTo(LARGE.length());
    assertThat(
            meter(
                "quartet_gateway_calls_total{outcome=\"RESOURCE_EXHAUSTED\",service=\"tokenizer\"}"))
        .isTrue();
  }

  @Test
  void aLargePromptIsNotEncodedWhileTheRoomIsFull() throws Exception {
    whileFull(
        intake.prompts(),
        () -> {
          assertExhausted(
              () -> generate().generate(complete("rl/long/1", LARGE, FEW)), "prompts: ");
          return generate().generate(complete("rl/long/1", "x", FEW));
        });

    assertThat(generate().generate(complete("rl/long/1", LARGE, FEW)).getText()).isEqualTo("y");
    assertThat(meter(REFUSED.formatted("rl/long/1", "rl"))).isTrue();
  }

  @Test
  void aLargeBodyIsNotParsedWhileTheRoomIsFull() throws Exception {
    HttpResponse<String> refused =
        whileFull(
            intake.json(),
            () -> {
              assertThat(post("x").statusCode()).as("a small one is").isEqualTo(200);
              return post(LARGE);
            });

    assertRefused(refused, "JSON: ");
    assertThat(meter(REFUSED.formatted("none", "none"))).isTrue();
    assertThat(post(LARGE).statusCode()).isEqualTo(200);
  }

  @Test
  void aLargeBodyDoesNotComeWhileTheRoomIsFull() throws Exception {
    HttpResponse<String> refused =
        whileFull(
            intake.bodies(),
            () -> {
              assertThat(post("x").statusCode()).as("a small one does").isEqualTo(200);
              return post("x".repeat(1_000_000));
            });

    assertRefused(refused, "bodies: ");
    assertThat(post(LARGE).statusCode()).isEqualTo(200);
  }

  @Test
  void aBodyThatNeverComesGivesItsPlaceBack() throws Exception {
    try (var socket = new Socket("127.0.0.1", httpPort)) {
      String head = "POST /v1/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 9999\r\n\r\n{";
      socket.getOutputStream().write(head.getBytes(UTF_8));
      await().until(() -> !isEmpty(intake.bodies()));
    }

    await().until(() -> isEmpty(intake.bodies()));
  }

  private static boolean isEmpty(ReadingRoom room) {
    try {
      return whileFull(room, () -> true);
    } catch (QuartetException full) {
      return false;
    }
  }

  private static void assertRefused(HttpResponse<String> refused, String message) {
    assertThat(refused.statusCode()).isEqualTo(429);
    assertThat(refused.headers().firstValue("Retry-After")).contains("1");
    assertThat(refused.headers().firstValue("retry-after-ms")).contains("200");
    assertThat(refused.body()).contains("\"code\":\"rate_limit_exceeded\"", message);
  }

  /** Has a request as large as may be read meanwhile. */
  private static <T> T whileFull(ReadingRoom room, Supplier<T> work) {
    return room.read(Long.MAX_VALUE, work);
  }

  private int count(String text) {
    return TokenizerServiceGrpc.newBlockingStub(channel())
        .withDeadlineAfter(60, SECONDS)
        .countTokens(CountTokensRequest.newBuilder().setModel("rl/long/1").setText(text).build())
        .getTokens();
  }

  private HttpResponse<String> post(String prompt) {
    String body = "{\"model\": \"rl/long/1\", \"max_tokens\": 1, \"prompt\": \"" + prompt + "\"}";
    try {
      return HttpClient.newHttpClient()
          .send(
              HttpRequest.newBuilder(uri("/v1/completions"))
                  .POST(BodyPublishers.ofString(body))
                  .build(),
              BodyHandlers.ofString());
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static void assertExhausted(Runnable call, String message) {
    assertThatThrownBy(call::run)
        .isInstanceOfSatisfying(
            StatusRuntimeException.class,
            e -> {
              assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
              assertThat(e.getStatus().getDescription()).startsWith(message);
              assertThat(StatusProto.fromThrowable(e).getDetailsList())
                  .anyMatch(detail -> detail.is(RetryInfo.class));
            });
  }
}
