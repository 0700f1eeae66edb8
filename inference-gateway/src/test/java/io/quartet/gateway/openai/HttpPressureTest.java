package io.quartet.gateway.openai;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.gateway.SmallGateway;
import io.quartet.service.EmbeddedBroker;
import java.io.BufferedReader;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;

/** Readers over HTTP who leave, who stop reading, and too many of them. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class HttpPressureTest extends OpenAiFixture {
  private static final String ENDLESS =
      "{'model': 'rl', 'temperature': 0, 'prompt': '!', 'max_tokens': 60000, 'stream': true}";
  private static final String SHORT = "{'model': 'rl', 'temperature': 0, 'prompt': 'x'}";

  @Test
  void aReaderWhoLeavesGivesTheSlotToTheNextAndOneTooManyIs429() throws Exception {
    List<InputStream> readers = new ArrayList<>();
    for (int i = 0; i < SmallGateway.SLOTS; i++) {
      InputStream reader = open(COMPLETIONS, ENDLESS);
      assertThat(reader.read()).isEqualTo('d');
      readers.add(reader);
    }
    List<CompletableFuture<HttpResponse<String>>> waiting = new ArrayList<>();
    for (int i = 0; i < SmallGateway.WAITING; i++) {
      waiting.add(CompletableFuture.supplyAsync(this::askShort));
    }
    await()
        .until(
            () -> meter("quartet_gateway_requests_waiting{model=\"rl/long/1\",stage=\"rl\"} 2.0"));

    HttpResponse<String> oneTooMany = askShort();
    assertThat(oneTooMany.statusCode()).isEqualTo(429);
    assertThat(oneTooMany.headers().firstValue("Retry-After")).isPresent();
    assertThat(json(oneTooMany.body()).at("/error/code").asText()).isEqualTo("rate_limit_exceeded");
    assertThat(waiting).noneMatch(CompletableFuture::isDone);

    readers.get(0).close();
    assertThat(waiting)
        .allSatisfy(answer -> assertThat(answer.get(20, SECONDS).statusCode()).isEqualTo(200));
    readers.get(1).close();
    await()
        .until(
            () -> meter("quartet_gateway_requests_running{model=\"rl/long/1\",stage=\"rl\"} 0.0"));
  }

  @Test
  void whoLeavesBeforeAWholeAnswerGivesTheSlotBackToo() throws Exception {
    var client = java.net.http.HttpClient.newHttpClient();
    var answer =
        client.sendAsync(
            request(COMPLETIONS, ENDLESS.replace("'stream': true", "'stream': false")),
            HttpResponse.BodyHandlers.ofString());
    await()
        .until(
            () -> meter("quartet_gateway_requests_running{model=\"rl/long/1\",stage=\"rl\"} 1.0"));

    answer.cancel(true);

    await()
        .until(
            () -> meter("quartet_gateway_requests_running{model=\"rl/long/1\",stage=\"rl\"} 0.0"));
    await().until(() -> meter("quartet_gateway_unread_tokens 0.0"));
    assertThat(askShort().statusCode()).isEqualTo(200);
    await().until(() -> meter("quartet_gateway_unread_tokens 0.0"));
  }

  @Test
  void aReaderThatStopsReadingHoldsNoSlotAndMissesNothing() throws Exception {
    int tokens = 20_000; // some 4 MB of events, more than the wire holds unread
    InputStream reader = open(COMPLETIONS, ENDLESS.replace("60000", Integer.toString(tokens)));
    await()
        .atMost(90, SECONDS)
        .until(
            () -> meter("quartet_gateway_requests_running{model=\"rl/long/1\",stage=\"rl\"} 1.0"));
    await()
        .atMost(90, SECONDS)
        .until(
            () -> meter("quartet_gateway_requests_running{model=\"rl/long/1\",stage=\"rl\"} 0.0"));

    var text = new StringBuilder();
    int events = 0;
    String end = "";
    try (var lines = new BufferedReader(new InputStreamReader(reader, UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("data: {")) {
          JsonNode choice = json(line.substring("data: ".length())).at("/choices/0");
          text.append(choice.get("text").asText());
          end = choice.get("finish_reason").asText();
          events++;
        }
      }
    }
    assertThat(text.toString()).isEqualTo("!".repeat(tokens));
    assertThat(end).isEqualTo("length");
    assertThat(events).as("unread tokens came together").isLessThan(tokens);
    await().until(() -> meter("quartet_gateway_unread_tokens 0.0"));
  }

  @Test
  void aWholeReplyIsHeldUntilItsReaderHasTakenIt() throws Exception {
    int tokens = 40_000; // some 16 MB, more than the wire holds unread
    InputStream reader =
        open(
            COMPLETIONS,
            "{'model': 'rl', 'temperature': 0, 'prompt': '!', 'max_tokens': %d, 'logprobs': 20}"
                .formatted(tokens));
    assertThat(reader.read()).isEqualTo('{');
    await()
        .until(
            () -> meter("quartet_gateway_requests_running{model=\"rl/long/1\",stage=\"rl\"} 0.0"));

    await()
        .during(1, SECONDS)
        .atMost(5, SECONDS)
        .until(() -> !meter("quartet_gateway_unread_tokens 0.0"));

    JsonNode body = json("{" + new String(reader.readAllBytes(), UTF_8));
    assertThat(body.at("/choices/0/text").asText()).isEqualTo("!".repeat(tokens));
    assertThat(body.at("/choices/0/logprobs/top_logprobs")).hasSize(tokens);
    assertThat(body.at("/usage/completion_tokens").asInt()).isEqualTo(tokens);
    await().until(() -> meter("quartet_gateway_unread_tokens 0.0"));
  }

  private HttpResponse<String> askShort() {
    try {
      return post(COMPLETIONS, SHORT);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
