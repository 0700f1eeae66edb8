package io.quartet.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.gateway.SmallGateway;
import io.quartet.service.EmbeddedBroker;
import java.net.http.HttpResponse;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** {@code POST /v1/chat/completions}. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class ChatCompletionsTest extends OpenAiFixture {
  private static final String ASKED =
      "'model': 'sft', 'temperature': 0, 'messages': [{'role': 'user', 'content': 'x'}]";

  @Test
  void anAnswerIsOneBody() throws Exception {
    assertThat(answer(CHAT, "{" + ASKED + "}"))
        .isEqualTo(
            quoted(
                "{'object': 'chat.completion', 'model': 'sft', 'system_fingerprint': 'sft/talk/1',"
                    + "'choices': [{'index': 0, 'message': {'role': 'assistant',"
                    + " 'content': 'aé🌍b\\ncd', 'refusal': null}, 'logprobs': null,"
                    + " 'finish_reason': 'stop'}],"
                    + "'usage': {'prompt_tokens': 5, 'completion_tokens': 13,"
                    + " 'total_tokens': 18, 'prompt_tokens_details': {'cached_tokens': 0}}}"));
  }

  @Test
  void aResponseSaysItsIdAndItsTime() throws Exception {
    Instant before = Instant.now().minusSeconds(1);
    HttpResponse<String> response = post(CHAT, "{" + ASKED + "}");
    JsonNode body = json(response.body());

    assertThat(body.get("id").asText()).startsWith("chatcmpl-");
    assertThat(response.headers().firstValue("x-request-id")).contains(body.get("id").asText());
    assertThat(Instant.ofEpochSecond(body.get("created").asLong()))
        .isBetween(before, Instant.now());
  }

  @Test
  void aStreamBeginsWithTheRoleAndEndsWithTheReasonAndTheUsage() throws Exception {
    List<JsonNode> events =
        events(CHAT, "{" + ASKED + ", 'stream': true, 'stream_options': {'include_usage': true}}");

    assertThat(events.get(0)).isEqualTo(event("{'role': 'assistant', 'content': ''}", "null"));
    assertThat(content(events)).isEqualTo(ANSWER);
    assertThat(events.get(events.size() - 2)).isEqualTo(event("{}", "'stop'"));
    assertThat(events.get(events.size() - 1))
        .isEqualTo(
            quoted(
                "{'object': 'chat.completion.chunk', 'model': 'sft',"
                    + " 'system_fingerprint': 'sft/talk/1', 'choices': [],"
                    + " 'usage': {'prompt_tokens': 5, 'completion_tokens': 13,"
                    + " 'total_tokens': 18, 'prompt_tokens_details': {'cached_tokens': 0}}}"));
  }

  @Test
  void usageComesOnlyToThoseWhoAsk() throws Exception {
    List<JsonNode> events = events(CHAT, "{" + ASKED + ", 'stream': true}");

    assertThat(events).noneMatch(event -> event.has("usage"));
    assertThat(events.subList(1, events.size() - 1))
        .as("a token without text is no event")
        .noneMatch(event -> event.at("/choices/0/delta/content").asText().isEmpty());
    assertThat(content(events)).isEqualTo(ANSWER);
  }

  @Test
  void stopIsAStringOrSeveralAndMaxTokensHasTwoNames() throws Exception {
    assertThat(whole(", 'stop': '🌍'")).isEqualTo("aé stop");
    assertThat(whole(", 'stop': ['zzz', 'b\\n']")).isEqualTo("aé🌍 stop");
    assertThat(whole(", 'stop': null")).isEqualTo(ANSWER + " stop");
    assertThat(whole(", 'max_tokens': 2")).isEqualTo("a length");
    assertThat(whole(", 'max_completion_tokens': 4")).isEqualTo("aé length");
  }

  @Test
  void nothingOfAStopStringIsSeenInAStream() throws Exception {
    assertThat(content(events(CHAT, "{" + ASKED + ", 'stream': true, 'stop': 'b\\nc'}")))
        .isEqualTo("aé🌍");
  }

  @Test
  void contentMayBePartsAndTheDeveloperIsTheSystem() throws Exception {
    JsonNode answer =
        answer(
            CHAT,
            "{'model': 'sft', 'temperature': 0, 'messages': [{'role': 'developer', 'content': 'b'},"
                + "{'role': 'user', 'name': 'ann', 'content': [{'type': 'text', 'text': 'x'},"
                + "{'type': 'text', 'text': 'y'}]}]}");

    assertThat(answer.at("/choices/0/message/content").asText()).isEqualTo(ANSWER);
    // <|system|> " b" <|end|> <|user|> " xy" <|end|> <|assistant|>: a byte, a token.
    assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(10);
  }

  @Test
  void instructionsAtTheBeginningAreOneSystemMessage() throws Exception {
    String rest = "{'role': 'user', 'content': 'x'}, {'role': 'assistant', 'content': null}";
    String user = ", {'role': 'user', 'content': 'x'}";
    String several =
        "{'role': 'system', 'content': 'a'}, {'role': 'developer', 'content': 'b'}, "
            + "{'role': 'system', 'content': 'c'}, ";
    String one = "{'role': 'system', 'content': 'a\\n\\nb\\n\\nc'}, ";
    String asked = "{'model': 'rl', 'temperature': 0, 'max_tokens': 3, 'messages': [%s]}";

    JsonNode answer = answer(CHAT, asked.formatted(several + rest + user));

    assertThat(answer).isEqualTo(answer(CHAT, asked.formatted(one + rest + user)));
    // <|system|> " a", two line ends, "b", two, "c" <|end|>; 4 of each user, 2 of the assistant.
    assertThat(answer.at("/usage/prompt_tokens").asInt()).isEqualTo(10 + 4 + 2 + 4 + 1);
  }

  @Test
  void whatIsUnknownAndHarmlessIsIgnored() throws Exception {
    assertThat(
            whole(
                ", 'user': 'ann', 'metadata': {'a': 'b'}, 'store': false, 'logit_bias': null,"
                    + " 'response_format': {'type': 'text'}, 'whatever': [1]"))
        .isEqualTo(ANSWER + " stop");
  }

  @Test
  void severalAnswersAreTheirSeedsAnswers() throws Exception {
    String hot =
        "'model': 'rl', 'messages': [{'role': 'user', 'content': 'x'}],"
            + " 'temperature': 50, 'max_tokens': 12";
    JsonNode two = answer(CHAT, "{" + hot + ", 'seed': 7, 'n': 2}");
    JsonNode first = answer(CHAT, "{" + hot + ", 'seed': 7}");
    JsonNode second = answer(CHAT, "{" + hot + ", 'seed': 8}");

    assertThat(two.get("choices"))
        .extracting(choice -> choice.get("message"))
        .containsExactly(first.at("/choices/0/message"), second.at("/choices/0/message"))
        .doesNotHaveDuplicates();
    int completion = completionTokens(first) + completionTokens(second);
    assertThat(two.get("usage"))
        .isEqualTo(
            quoted(
                ("{'prompt_tokens': 5, 'completion_tokens': %d, 'total_tokens': %d,"
                        + " 'prompt_tokens_details': {'cached_tokens': 0}}")
                    .formatted(completion, completion + 5)));
  }

  @Test
  void aSampledAnswerTellsWhatGivesItAgain() throws Exception {
    String hot =
        "{'model': 'rl', 'messages': [{'role': 'user', 'content': 'x'}], 'temperature': 50,"
            + " 'max_tokens': 12, 'n': 2, 'top_k': 200%s}";
    JsonNode first = json(post(CHAT, hot.formatted("")).body());
    String knobs = first.get("quartet").toString();
    String again = ", " + knobs.substring(1, knobs.length() - 1).replace('"', '\'');

    JsonNode second = json(post(CHAT, hot.formatted(again)).body());
    List<String> stream =
        post(CHAT, hot.formatted(again + ", 'stream': true"))
            .body()
            .lines()
            .filter(line -> line.contains("\"quartet\""))
            .toList();

    assertThat(second.get("choices")).isEqualTo(first.get("choices"));
    assertThat(second.get("quartet")).isEqualTo(first.get("quartet"));
    assertThat(first.at("/quartet/temperature").asDouble()).isEqualTo(50);
    assertThat(stream).hasSize(1);
    assertThat(json(stream.get(0).substring("data: ".length())).get("quartet"))
        .isEqualTo(first.get("quartet"));
  }

  @Test
  void logProbsTellEachTokenWithItsBytes() throws Exception {
    JsonNode content =
        answer(CHAT, "{" + ASKED + ", 'logprobs': true, 'max_tokens': 3}")
            .at("/choices/0/logprobs/content");

    assertThat(content)
        .extracting(token -> token.get("token").asText())
        .containsExactly(" ", "a", "\ufffd");
    assertThat(content.get(2).get("bytes")).isEqualTo(quoted("[195]"));
    assertThat(content)
        .allSatisfy(token -> assertThat(token.get("logprob").asDouble()).isBetween(-.1, 0.));
  }

  @Test
  void topLogProbsTellWhatElseMightHaveCome() throws Exception {
    JsonNode first =
        answer(CHAT, "{" + ASKED + ", 'logprobs': true, 'top_logprobs': 2, 'max_tokens': 1}")
            .at("/choices/0/logprobs/content/0");

    assertThat(first.get("top_logprobs")).hasSize(2);
    assertThat(first.at("/top_logprobs/0/token").asText()).isEqualTo(" ");
    assertThat(first.at("/top_logprobs/0/logprob")).isEqualTo(first.get("logprob"));
  }

  private String whole(String more) throws Exception {
    JsonNode choice = answer(CHAT, "{" + ASKED + more + "}").at("/choices/0");
    return choice.at("/message/content").asText() + " " + choice.get("finish_reason").asText();
  }

  private static int completionTokens(JsonNode answer) {
    return answer.at("/usage/completion_tokens").asInt();
  }

  private static String content(List<JsonNode> events) {
    var text = new StringBuilder();
    events.forEach(event -> text.append(event.at("/choices/0/delta/content").asText("")));
    return text.toString();
  }

  private static JsonNode event(String delta, String finishReason) {
    return quoted(
        "{'object': 'chat.completion.chunk', 'model': 'sft', 'system_fingerprint': 'sft/talk/1',"
            + "'choices': [{'index': 0, 'delta': "
            + delta
            + ", 'logprobs': null, 'finish_reason': "
            + finishReason
            + "}], 'usage': null}");
  }
}
