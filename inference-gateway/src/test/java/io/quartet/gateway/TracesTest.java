package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.grpc.Context;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quarkus.test.junit.TestProfile;
import io.quartet.service.EmbeddedBroker;
import io.quartet.v1.ChatRequest;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.Message;
import io.quartet.v1.Role;
import io.quartet.v1.TokenIds;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Spans of answers, named as OpenTelemetry names them, within the caller's trace. */
@QuarkusTest
@TestProfile(Spans.class)
@QuarkusTestResource(value = EmbeddedBroker.class, restrictToAnnotatedClass = true)
@QuarkusTestResource(value = SmallGateway.class, restrictToAnnotatedClass = true)
class TracesTest extends GatewayFixture {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";
  private static final String PARENT = "00-" + TRACE + "-b7ad6b7169203331-01";

  @BeforeEach
  void forget() {
    Spans.ENDED.reset();
  }

  @Test
  void aChatOverGrpcIsASpanInTheCallersTrace() {
    chat()
        .withInterceptors(MetadataUtils.newAttachHeadersInterceptor(parent()))
        .chat(
            ChatRequest.newBuilder()
                .setModel("sft")
                .addMessages(Message.newBuilder().setRole(Role.ROLE_USER).setContent("hi"))
                .setSampling(GREEDY)
                .build());

    SpanData span = answer("chat sft");
    assertThat(span.getTraceId()).isEqualTo(TRACE);
    assertThat(span.getKind()).isEqualTo(SpanKind.INTERNAL);
    assertThat(text(span, "gen_ai.operation.name")).isEqualTo("chat");
    assertThat(text(span, "gen_ai.provider.name")).isEqualTo("quartet");
    assertThat(text(span, "gen_ai.request.model")).isEqualTo("sft");
    assertThat(text(span, "gen_ai.response.model")).isEqualTo("sft/talk/1");
    assertThat(span.getAttributes().get(AttributeKey.doubleKey("gen_ai.request.temperature")))
        .isZero();
    assertThat(number(span, "gen_ai.usage.input_tokens")).isEqualTo(6);
    assertThat(number(span, "gen_ai.usage.output_tokens")).isEqualTo(13);
    assertThat(
            span.getAttributes().get(AttributeKey.stringArrayKey("gen_ai.response.finish_reasons")))
        .containsExactly("STOP");
    assertThat(span.getEvents()).extracting("name").containsExactly("first token");
    assertThat(span.getAttributes().toString()).doesNotContain("hi").doesNotContain("aé");
    assertThat(parentOf(span).getKind()).isEqualTo(SpanKind.SERVER);
    assertThat(parentOf(span).getParentSpanId()).isEqualTo("b7ad6b7169203331");
  }

  @Test
  void aCompletionOverHttpIsOneToo() throws Exception {
    var request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + httpPort + "/v1/completions"))
            .header("Content-Type", "application/json")
            .header("traceparent", PARENT)
            .POST(
                HttpRequest.BodyPublishers.ofString(
                    "{\"model\": \"rl/long/1\", \"prompt\": \"x\", \"temperature\": 0}"));

    HttpClient.newHttpClient().send(request.build(), BodyHandlers.discarding());

    SpanData span = answer("text_completion rl/long/1");
    assertThat(span.getTraceId()).isEqualTo(TRACE);
    assertThat(text(span, "gen_ai.response.model")).isEqualTo("rl/long/1");
    assertThat(parentOf(span).getParentSpanId()).isEqualTo("b7ad6b7169203331");
  }

  @Test
  void aReaderWhoLeavesEndsTheSpanAsCancelled() {
    var endless =
        GenerateRequest.newBuilder()
            .setModel("rl")
            .setText("!")
            .setSampling(GREEDY.toBuilder().setMaxTokens(60_000))
            .build();
    Context.CancellableContext reader = Context.current().withCancellation();
    reader.run(
        () -> {
          assertThat(generate().generateStream(endless).hasNext()).isTrue();
          reader.cancel(null);
        });

    assertThat(
            answer("text_completion rl")
                .getAttributes()
                .get(AttributeKey.stringArrayKey("gen_ai.response.finish_reasons")))
        .containsExactly("CANCELLED");
  }

  @Test
  void anAnswerThatTheDecoderRefusesEndsItsSpanWithTheReason() {
    var beyond =
        GenerateRequest.newBuilder()
            .setModel("rl")
            .setTokens(TokenIds.newBuilder().addIds(1_000_000))
            .build();

    assertThatThrownBy(() -> generate().generate(beyond)).hasMessageContaining("1000000");

    assertThat(text(answer("text_completion rl"), "error.type")).isEqualTo("INVALID_ARGUMENT");
  }

  private static SpanData answer(String name) {
    await().until(() -> named(name).size() == 1);
    return named(name).get(0);
  }

  private static List<SpanData> named(String name) {
    return Spans.ENDED.getFinishedSpanItems().stream()
        .filter(span -> span.getName().equals(name))
        .toList();
  }

  private static SpanData parentOf(SpanData child) {
    await()
        .until(
            () ->
                Spans.ENDED.getFinishedSpanItems().stream()
                    .anyMatch(span -> span.getSpanId().equals(child.getParentSpanId())));
    return Spans.ENDED.getFinishedSpanItems().stream()
        .filter(span -> span.getSpanId().equals(child.getParentSpanId()))
        .findFirst()
        .orElseThrow();
  }

  private static String text(SpanData span, String key) {
    return span.getAttributes().get(AttributeKey.stringKey(key));
  }

  private static long number(SpanData span, String key) {
    return span.getAttributes().get(AttributeKey.longKey(key));
  }

  private static Metadata parent() {
    var metadata = new Metadata();
    metadata.put(Metadata.Key.of("traceparent", Metadata.ASCII_STRING_MARSHALLER), PARENT);
    return metadata;
  }
}
