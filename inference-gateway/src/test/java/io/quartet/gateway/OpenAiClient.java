package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;

/** What OpenAI's own client must have seen of the gateway in {@link GatewayIT}. */
final class OpenAiClient {
  private OpenAiClient() {}

  static void isServed(JsonNode seen) throws Exception {
    assertThat(seen.get("models")).isEqualTo(json("['sft', 'sft/r/1', 'rl', 'rl/r/1']"));
    assertThat(seen.at("/model/id").asText()).isEqualTo("sft/r/1");
    assertThat(seen.get("whole"))
        .isEqualTo(
            json(
                "{'id': '', 'object': 'chat.completion', 'created': 0, 'model': 'sft',"
                    + " 'system_fingerprint': 'sft/r/1', 'choices': [{'index': 0,"
                    + " 'message': {'role': 'assistant', 'content': 'aé🌍b', 'refusal': null},"
                    + " 'logprobs': null, 'finish_reason': 'stop'}],"
                    + " 'usage': {'prompt_tokens': 5, 'completion_tokens': 10,"
                    + " 'total_tokens': 15, 'prompt_tokens_details': {'cached_tokens': 0}}}"));
    assertThat(seen.get("seed").asText()).isEqualTo("number");
    assertThat(seen.get("stream"))
        .isEqualTo(
            json(
                "{'text': 'aé🌍b', 'finish': 'stop', 'fingerprint': 'sft/r/1',"
                    + " 'usage': {'prompt_tokens': 5, 'completion_tokens': 10,"
                    + " 'total_tokens': 15, 'prompt_tokens_details': {'cached_tokens': 0}}}"));
    assertThat(seen.get("gathered"))
        .isEqualTo(json("[['aé🌍b', 10, 'stop'], ['aé🌍b', 10, 'stop']]"));
    assertThat(seen.get("completion")).isEqualTo(json("['xyz', 'xyz']"));
    assertThat(seen.get("left").asInt()).isEqualTo(5);
    assertThat(seen.get("unknown"))
        .isEqualTo(
            json(
                "{'name': 'NotFoundError', 'status': 404, 'type': 'invalid_request_error',"
                    + " 'param': 'model', 'code': 'model_not_found', 'message':"
                    + " \"no model 'gpt-5'; there are sft, rl, sft/r/1, rl/r/1\"}"));
    assertThat(seen.get("wrong"))
        .isEqualTo(
            json(
                "{'name': 'BadRequestError', 'status': 400, 'type': 'invalid_request_error',"
                    + " 'param': 'top_p', 'code': 'invalid_value', 'message':"
                    + " 'top_p: found \"high\", expected a number'}"));
    assertThat(seen.at("/tooLong/code").asText()).isEqualTo("context_length_exceeded");
  }

  /** JSON written with ' for ". */
  private static JsonNode json(String text) throws Exception {
    return new ObjectMapper()
        .reader()
        .with(com.fasterxml.jackson.core.json.JsonReadFeature.ALLOW_SINGLE_QUOTES)
        .readTree(text);
  }
}
