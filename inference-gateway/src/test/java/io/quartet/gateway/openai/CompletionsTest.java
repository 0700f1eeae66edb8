package io.quartet.gateway.openai;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.gateway.SmallGateway;
import io.quartet.service.EmbeddedBroker;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code POST /v1/completions}. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class CompletionsTest extends OpenAiFixture {
  private static final String ASKED = "'model': 'rl', 'temperature': 0";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'x'               | yz       | 1",
        "['x', '1x']       | yz yz    | 3",
        "[126]             | yz       | 1",
        "[[126], [55, 126]]| yz yz    | 3",
      })
  void aPromptIsTextOrTokensOneOrSeveral(String prompt, String texts, int promptTokens)
      throws Exception {
    JsonNode answer = answer(COMPLETIONS, "{" + ASKED + ", 'prompt': " + prompt + "}");

    assertThat(answer.get("choices"))
        .extracting(choice -> choice.get("text").asText())
        .containsExactly(texts.split(" "));
    assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(promptTokens);
  }

  @Test
  void anAnswerIsOneBody() throws Exception {
    assertThat(answer(COMPLETIONS, "{" + ASKED + ", 'prompt': 'x'}"))
        .isEqualTo(
            quoted(
                "{'object': 'text_completion', 'model': 'rl', 'system_fingerprint': 'rl/long/1',"
                    + "'choices': [{'text': 'yz', 'index': 0, 'logprobs': null,"
                    + " 'finish_reason': 'stop'}],"
                    + "'usage': {'prompt_tokens': 1, 'completion_tokens': 3,"
                    + " 'total_tokens': 4, 'prompt_tokens_details': {'cached_tokens': 0}}}"));
  }

  @Test
  void sixteenTokensAreTheDefault() throws Exception {
    JsonNode answer = answer(COMPLETIONS, "{" + ASKED + ", 'prompt': '!'}");

    assertThat(answer.at("/choices/0/text").asText()).isEqualTo("!".repeat(16));
    assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("length");
  }

  @Test
  void anEchoPutsThePromptBeforeTheAnswer() throws Exception {
    JsonNode answer = answer(COMPLETIONS, "{" + ASKED + ", 'prompt': '12x', 'echo': true}");

    assertThat(answer.at("/choices/0/text").asText()).isEqualTo("12xyz");
  }

  @Test
  void aStreamHasEveryPromptsAndEverySamplesText() throws Exception {
    List<JsonNode> events =
        events(
            COMPLETIONS,
            "{"
                + ASKED
                + ", 'prompt': ['x', '12'], 'n': 2, 'max_tokens': 5, 'echo': true,"
                + " 'stream': true}");

    String[] texts = {"", "", "", ""};
    String[] reasons = new String[4];
    for (JsonNode event : events) {
      JsonNode choice = event.at("/choices/0");
      int index = choice.get("index").asInt();
      texts[index] += choice.get("text").asText();
      reasons[index] = choice.get("finish_reason").asText();
    }
    assertThat(texts).containsExactly("xyz", "xyz", "1222222", "1222222");
    assertThat(reasons).containsExactly("stop", "stop", "length", "length");
  }

  @Test
  void logProbsAreListsSideBySide() throws Exception {
    JsonNode told =
        answer(COMPLETIONS, "{" + ASKED + ", 'prompt': 'x', 'logprobs': 0, 'echo': false}")
            .at("/choices/0/logprobs");

    assertThat(told.get("tokens")).isEqualTo(quoted("['y', 'z', '<|end|>']"));
    assertThat(told.get("text_offset")).isEqualTo(quoted("[0, 1, 2]"));
    assertThat(told.get("token_logprobs")).hasSize(3);
  }

  @Test
  void anEchoWithLogProbsScoresThePromptToo() throws Exception {
    JsonNode choice =
        answer(COMPLETIONS, "{" + ASKED + ", 'prompt': 'xy', 'logprobs': 1, 'echo': true}")
            .at("/choices/0");
    JsonNode told = choice.get("logprobs");

    assertThat(choice.get("text").asText()).isEqualTo("xyz");
    assertThat(told.get("tokens")).isEqualTo(quoted("['x', 'y', 'z', '<|end|>']"));
    assertThat(told.get("text_offset")).isEqualTo(quoted("[0, 1, 2, 3]"));
    assertThat(told.at("/token_logprobs/0").isNull()).isTrue();
    assertThat(told.at("/top_logprobs/0").isNull()).isTrue();
    assertThat(told.at("/top_logprobs/1/y")).isEqualTo(told.at("/token_logprobs/1"));
  }

  @Test
  void anEchoWithoutTokensOnlyScoresThePrompt() throws Exception {
    String asked = ASKED + ", 'prompt': 'xyz', 'max_tokens': 0, 'echo': true, 'logprobs': 1";
    JsonNode answer = answer(COMPLETIONS, "{" + asked + "}");

    assertThat(answer.at("/choices/0/text").asText()).isEqualTo("xyz");
    assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("length");
    assertThat(answer.at("/choices/0/logprobs/tokens")).isEqualTo(quoted("['x', 'y', 'z']"));
    assertThat(answer.at("/usage/completion_tokens").asInt()).isZero();
  }

  @Test
  void aPromptThatIsOnlyScoredMayFillTheContext() throws Exception {
    String asked = "'model': 'sft/talk/1', 'max_tokens': 0, 'echo': true, 'logprobs': 0";
    String full = "x".repeat(64);
    JsonNode answer = answer(COMPLETIONS, "{" + asked + ", 'prompt': '" + full + "'}");

    assertThat(answer.at("/choices/0/text").asText()).isEqualTo(full);
    assertThat(answer.at("/choices/0/logprobs/token_logprobs")).hasSize(64);
  }

  @Test
  void knobsThatOthersHaveAddedWorkToo() throws Exception {
    assertThat(text(", 'prompt': 'x', 'logit_bias': {'127': -100, '39': 100}, 'max_tokens': 3"))
        .isEqualTo("!!!");
    assertThat(text(", 'prompt': 'x', 'stop_token_ids': [128]")).isEqualTo("yz");
    assertThat(
            text(
                ", 'prompt': 'x', 'top_k': 1, 'min_p': 0.5, 'repetition_penalty': 1,"
                    + " 'presence_penalty': 0, 'frequency_penalty': 0, 'priority': 'batch'"))
        .isEqualTo("yz");
  }

  @Test
  void aLongPromptIsTakenThoughCurlCallsItAForm() throws Exception {
    String body = "{" + ASKED + ", 'prompt': '" + "x".repeat(9_000) + "'}";
    HttpRequest request =
        HttpRequest.newBuilder(request(COMPLETIONS, body), (name, value) -> false)
            .header("Content-Type", "application/x-www-form-urlencoded")
            .build();

    JsonNode answer = json(send(request, BodyHandlers.ofString(UTF_8)).body());

    assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(9_000);
  }

  @Test
  void fewShotsAreACompletionOfExamples() throws Exception {
    JsonNode answer = answer("/v1/few_shot", "{" + ASKED + ", 'examples': ['a', 'b'], 'n': 2}");

    assertThat(answer.get("choices"))
        .extracting(choice -> choice.get("finish_reason").asText())
        .containsExactly("stop", "stop");
    assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(4);
  }

  private String text(String more) throws Exception {
    return answer(COMPLETIONS, "{" + ASKED + more + "}").at("/choices/0/text").asText();
  }
}
