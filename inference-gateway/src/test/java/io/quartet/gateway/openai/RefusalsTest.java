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
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What cannot be answered is refused with OpenAI's status and shape. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class RefusalsTest extends OpenAiFixture {
  private static final String MESSAGES = "'messages': [{'role': 'user', 'content': 'x'}]";

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "'temperature': 'hot'   | temperature | invalid_value | temperature: found \"hot\", expected a number",
        "'max_tokens': 1.5      | max_tokens  | invalid_value | max_tokens: found 1.5, expected a whole number of 32 bits",
        "'n': 0                 | n           | invalid_value | n: found 0, expected 1 to 64",
        "'stop': [1]            | stop        | invalid_value | stop: found 1, expected a string",
        "'stream': 'yes'        | stream      | invalid_value | stream: found \"yes\", expected true or false",
        "'stream_options': {}   | stream_options | invalid_value | stream_options: found {}, expected none without \"stream\": true",
        "'tools': []            | tools       | unsupported_parameter | tools: is not offered here",
        "'messages': 'x'        | messages    | invalid_value | messages: found \"x\", expected a list",
        "'messages': []         | messages    | invalid_value | messages: found [], expected one message or more",
        "'messages': [{}]       | messages[0].role | missing_required_parameter | messages[0].role: missing, but required",
        "'messages': [{'role': 'judge'}] | messages[0].role | invalid_value | messages[0].role: found \"judge\", expected system, developer, user or assistant",
        "'messages': [{'role': 'user', 'content': [{'type': 'image_url'}]}] | messages[0].content[0].type | invalid_value | messages[0].content[0].type: found \"image_url\", expected \"text\": these models read nothing else",
        "'messages': [{'role': 'user', 'content': 'x'}, {'role': 'developer', 'content': 'x'}] | messages[1].role | invalid_value | messages[1].role: found \"developer\", expected system and developer messages before all others",
        "'messages': [{'role': 'user', 'content': 'x'}, {'role': 'assistant', 'content': 'x'}] | messages | invalid_value | conversation: the last message is from assistant, expected user or system",
        "'messages': [{'role': 'assistant', 'tool_calls': [{}]}] | messages[0].tool_calls | unsupported_parameter | messages[0].tool_calls: is not offered here",
        "'top_k': -1            | top_k       | invalid_value | sampling: top-k -1, expected 0 or more",
        "'max_completion_tokens': -1 | max_completion_tokens | invalid_value | sampling: max tokens -1, expected 1 or more, or 0 with prompt log-probs",
        "'presence_penalty': 3  | presence_penalty | invalid_value | sampling: presence penalty 3.0, expected −2 to 2",
        "'logit_bias': {'7': 200} | logit_bias | invalid_value | sampling: bias of token 7 200.0, expected −100 to 100",
        "'logprobs': true, 'top_logprobs': 21 | top_logprobs | invalid_value | sampling: top log-probs 21, expected 0 to 20",
        "'stop': ''             | stop        | invalid_value | sampling: stop string of 0 characters, expected 1 to 256",
        "'modalities': ['text', 'audio'] | modalities | invalid_value | modalities: found [\"text\",\"audio\"], expected [\"text\"], the one that is offered",
        "'response_format': {'type': 'json_object'} | response_format.type | invalid_value | response_format.type: found \"json_object\", expected \"text\", the one format that is offered",
      })
  void aWrongFieldIsNamed(String field, String param, String code, String message)
      throws Exception {
    String rest = field.contains("'messages'") ? "" : ", " + MESSAGES;

    assertThat(refusal(CHAT, "{'model': 'sft', " + field + rest + "}"))
        .isEqualTo(error(400, "invalid_request_error", message, "'" + param + "'", code));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        COMPLETIONS + " | prompt   | 'prompt': '%s'",
        CHAT + "        | messages | 'messages': [{'role': 'user', 'content': '%s'}]",
        "/v1/few_shot   | examples | 'examples': ['%s']",
      })
  void aPromptThatCannotFitByFarIsNotEncoded(String path, String param, String field)
      throws Exception {
    String body = "{'model': 'sft/talk/1', " + field.formatted("x".repeat(500_000)) + "}";

    assertThat(refusal(path, body))
        .isEqualTo(
            error(
                400,
                "invalid_request_error",
                "prompt of at least 38461 tokens, expected at most the context length 64 of"
                    + " sft/talk/1",
                "'" + param + "'",
                "context_length_exceeded"));
  }

  @Test
  void aWrongRequestIsCounted() throws Exception {
    String wrong =
        "quartet_gateway_requests_total{model=\"%s\",outcome=\"INVALID_ARGUMENT\",stage=\"%s\"}";
    refusal(CHAT, "{'model': 'sft', 'temperature': 'hot', " + MESSAGES + "}");
    refusal(COMPLETIONS, "{'model': 'sft/talk/1', 'prompt': '" + "x".repeat(70) + "'}");

    assertThat(get("/q/metrics"))
        .contains(wrong.formatted("none", "none"), wrong.formatted("sft/talk/1", "sft"));
  }

  @Test
  void whatTheGatewayRefusesKeepsItsLine() throws Exception {
    assertThat(refusal(CHAT, "{'model': 'sft', 'temperature': -1, " + MESSAGES + "}"))
        .isEqualTo(
            error(
                400,
                "invalid_request_error",
                "sampling: temperature -1.0, expected 0 to 100",
                "'temperature'",
                "invalid_value"));
    assertThat(refusal(COMPLETIONS, "{'model': 'sft/talk/1', 'prompt': '" + "x".repeat(70) + "'}"))
        .isEqualTo(
            error(
                400,
                "invalid_request_error",
                "prompt of 70 tokens, expected fewer than the context length 64 of sft/talk/1",
                "'prompt'",
                "context_length_exceeded"));
    String scored = "{'model': 'sft/talk/1', 'max_tokens': 0, 'echo': true, 'logprobs': 0";
    assertThat(refusal(COMPLETIONS, scored + ", 'prompt': '" + "x".repeat(65) + "'}"))
        .isEqualTo(
            error(
                400,
                "invalid_request_error",
                "prompt of 65 tokens, expected at most the context length 64 of sft/talk/1",
                "'prompt'",
                "context_length_exceeded"));
    assertThat(refusal(COMPLETIONS, "{'model': 'sft/talk/1', 'prompt': [999]}"))
        .isEqualTo(
            error(
                400,
                "invalid_request_error",
                "token 999 at place 0, expected 0 to 261 of sft/talk/1",
                "null",
                "invalid_value"));
  }

  @Test
  void messagesThatAreTooManyAreRefused() throws Exception {
    String turns = "{'role': 'user', 'content': 'x'},".repeat(2048);
    String messages = "'messages': [" + turns + "{'role': 'user', 'content': 'x'}]";

    assertThat(refusal(CHAT, "{'model': 'sft', " + messages + "}"))
        .isEqualTo(
            error(
                400,
                "invalid_request_error",
                "messages: found 2049, expected at most 2048",
                "'messages'",
                "invalid_value"));
  }

  @Test
  void examplesThatAreMissingOrNoneAreNamed() throws Exception {
    assertThat(refusal("/v1/few_shot", "{'model': 'rl'}"))
        .isEqualTo(
            error(
                400,
                "invalid_request_error",
                "examples: missing, but required",
                "'examples'",
                "missing_required_parameter"));
    assertThat(refusal("/v1/few_shot", "{'model': 'rl', 'examples': []}"))
        .isEqualTo(
            error(
                400,
                "invalid_request_error",
                "examples: found 0, expected 1 to 256",
                "'examples'",
                "invalid_value"));
  }

  @Test
  void anUnknownModelIs404() throws Exception {
    JsonNode refusal = refusal(CHAT, "{'model': 'gpt-5', " + MESSAGES + "}");

    assertThat(refusal.get("status").asInt()).isEqualTo(404);
    assertThat(refusal.at("/error/code").asText()).isEqualTo("model_not_found");
    assertThat(refusal.at("/error/message").asText()).startsWith("no model 'gpt-5'; there are ");
  }

  @Test
  void aBodyThatIsNoJsonOrTooLargeIsRefused() throws Exception {
    assertThat(refusal(CHAT, "{'model'").at("/error/code").asText()).isEqualTo("invalid_json");
    assertThat(refusal(CHAT, "").at("/error/message").asText())
        .isEqualTo("body: empty, expected a JSON object");
    assertThat(refusal(CHAT, "[]"))
        .isEqualTo(
            error(
                400,
                "invalid_request_error",
                "body: found [], expected a JSON object",
                "null",
                "invalid_value"));
    assertThat(refusal(CHAT, "{'a': '" + "x".repeat(3 << 19) + "'}"))
        .isEqualTo(
            error(
                413,
                "invalid_request_error",
                "body: cannot be read, expected at most 1048576 bytes",
                "null",
                "request_too_large"));
  }

  @Test
  void anUnknownPathIsRefusedInTheSameShape() throws Exception {
    assertThat(refusal("/v1/embeddings", "{}"))
        .isEqualTo(
            error(
                404,
                "invalid_request_error",
                "POST /v1/embeddings: no such path, expected POST /v1/chat/completions, POST"
                    + " /v1/completions, POST /v1/few_shot or GET /v1/models",
                "null",
                "unknown_url"));
    HttpResponse<String> get =
        send(HttpRequest.newBuilder(uri(CHAT)).build(), BodyHandlers.ofString());
    assertThat(get.statusCode()).isEqualTo(404);
  }

  private JsonNode refusal(String path, String body) throws Exception {
    HttpResponse<String> response = post(path, body);
    JsonNode error = json(response.body());
    return ((com.fasterxml.jackson.databind.node.ObjectNode) error)
        .put("status", response.statusCode());
  }

  private static JsonNode error(
      int status, String type, String message, String param, String code) {
    return json(
        "{\"error\": {\"message\": \"%s\", \"type\": \"%s\", \"param\": %s, \"code\": \"%s\"}, \"status\": %d}"
            .formatted(
                message.replace("\"", "\\\""), type, param.replace('\'', '"'), code, status));
  }
}
