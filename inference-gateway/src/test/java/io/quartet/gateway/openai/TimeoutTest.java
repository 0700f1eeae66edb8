package io.quartet.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.gateway.SmallGateway;
import io.quartet.service.EmbeddedBroker;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** How long a caller waits, as it says over HTTP. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class TimeoutTest extends OpenAiFixture {
  private static final String ENDLESS = repeat(60_000, false);

  @Test
  void anAnswerEndsWithWhatThereIsBeforeItsCallerGivesUp() throws Exception {
    for (String header : new String[] {"X-Request-Timeout", "X-Stainless-Timeout"}) {
      HttpResponse<String> response = within(header, "3", ENDLESS);

      assertThat(response.statusCode()).isEqualTo(200);
      JsonNode choice = json(response.body()).at("/choices/0");
      assertThat(choice.get("finish_reason").asText()).isEqualTo("length");
      assertThat(choice.get("text").asText()).matches("!+").hasSizeLessThan(60_000);
    }
  }

  @Test
  void aStreamGoesOnWhenOpenAisClientHasItsBeginning() throws Exception {
    HttpResponse<String> response = within("X-Stainless-Timeout", "0.001", repeat(200, true));

    assertThat(texts(response)).isEqualTo("!".repeat(200));
  }

  @Test
  void aStreamTooEndsAtTheTimeThatItsCallerNames() throws Exception {
    HttpResponse<String> response = within("X-Request-Timeout", "0.001", repeat(60_000, true));

    assertThat(texts(response)).hasSizeLessThan(60_000);
  }

  @Test
  void aTimeThatOpenAisClientRoundsDownToNothingIsNone() throws Exception {
    HttpResponse<String> response = within("X-Stainless-Timeout", "0", repeat(200, false));

    assertThat(json(response.body()).at("/choices/0/text").asText()).isEqualTo("!".repeat(200));
  }

  @Test
  void aPromptThatIsNotScoredInTimeHasNoScores() throws Exception {
    for (int tokens = 0; tokens < 2; tokens++) {
      String body =
          "{'model': 'rl', 'prompt': '%s', 'max_tokens': %d, 'echo': true, 'logprobs': 0}"
              .formatted("!".repeat(60_000), tokens);
      HttpResponse<String> response = within("X-Request-Timeout", "0.001", body);

      assertThat(response.statusCode()).isEqualTo(504);
      assertThat(json(response.body()).at("/error/message").asText())
          .isEqualTo("the prompt was not scored in time");
    }
  }

  @Test
  void whateverOpenAisClientSaysIsNotRefused() throws Exception {
    for (String never : new String[] {"2147483", "soon"}) {
      HttpResponse<String> response = within("X-Stainless-Timeout", never, repeat(2, false));

      assertThat(json(response.body()).at("/choices/0/text").asText()).isEqualTo("!!");
    }
  }

  @Test
  void whatIsNoTimeIsRefused() throws Exception {
    HttpResponse<String> response = within("X-Request-Timeout", "soon", ENDLESS);

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(json(response.body()).at("/error/message").asText())
        .isEqualTo("x-request-timeout: 'soon', expected seconds");
  }

  private static String repeat(int tokens, boolean streamed) {
    return "{'model': 'rl', 'prompt': '!', 'max_tokens': %d, 'temperature': 0, 'stream': %s}"
        .formatted(tokens, streamed);
  }

  private static String texts(HttpResponse<String> stream) {
    return stream
        .body()
        .lines()
        .filter(line -> line.startsWith("data: {"))
        .map(line -> json(line.substring("data: ".length())).at("/choices/0/text").asText())
        .collect(Collectors.joining());
  }

  private HttpResponse<String> within(String header, String seconds, String body) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(request(COMPLETIONS, body), (name, value) -> true)
            .header(header, seconds)
            .build();
    return send(request, BodyHandlers.ofString());
  }
}
