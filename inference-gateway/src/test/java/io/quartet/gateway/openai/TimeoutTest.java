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
import org.junit.jupiter.api.Test;

/** How long a caller waits, as it says over HTTP. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class TimeoutTest extends OpenAiFixture {
  private static final String ENDLESS =
      "{'model': 'rl', 'prompt': '!', 'max_tokens': 60000, 'temperature': 0}";

  @Test
  void anAnswerEndsWithWhatThereIsBeforeItsCallerGivesUp() throws Exception {
    for (String header : new String[] {"X-Request-Timeout", "X-Stainless-Timeout"}) {
      HttpResponse<String> response = within(header, "3");

      assertThat(response.statusCode()).isEqualTo(200);
      JsonNode choice = json(response.body()).at("/choices/0");
      assertThat(choice.get("finish_reason").asText()).isEqualTo("length");
      assertThat(choice.get("text").asText()).matches("!+").hasSizeLessThan(60_000);
    }
  }

  @Test
  void whatIsNoTimeIsRefused() throws Exception {
    HttpResponse<String> response = within("X-Request-Timeout", "soon");

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(json(response.body()).at("/error/message").asText())
        .isEqualTo("x-request-timeout: 'soon', expected seconds");
  }

  private HttpResponse<String> within(String header, String seconds) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(request("/v1/completions", ENDLESS), (name, value) -> true)
            .header(header, seconds)
            .build();
    return send(request, BodyHandlers.ofString());
  }
}
