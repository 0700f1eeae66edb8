package io.quartet.gateway.openai;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.gateway.GatewayFixture;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The gateway as a client of OpenAI's HTTP API meets it. JSON may be written with ' for ". */
abstract class OpenAiFixture extends GatewayFixture {
  static final String CHAT = "/v1/chat/completions";
  static final String COMPLETIONS = "/v1/completions";

  private static final ObjectMapper JSON = new ObjectMapper();

  HttpResponse<String> post(String path, String body) throws Exception {
    return send(request(path, body), BodyHandlers.ofString(UTF_8));
  }

  /** The body of a successful answer without its id, its time and its seed. */
  JsonNode answer(String path, String body) throws Exception {
    HttpResponse<String> response = post(path, body);
    if (response.statusCode() != 200) {
      throw new AssertionError(response.statusCode() + ": " + response.body());
    }
    return anonymous(json(response.body()));
  }

  /** The events of a successful stream without their ids, times and seeds; the last is [DONE]. */
  List<JsonNode> events(String path, String body) throws Exception {
    try (Stream<String> lines = send(request(path, body), BodyHandlers.ofLines()).body()) {
      List<String> data = lines.filter(line -> !line.isEmpty()).toList();
      if (!data.get(data.size() - 1).equals("data: [DONE]")) {
        throw new AssertionError("the stream ends with " + data.get(data.size() - 1));
      }
      List<JsonNode> events = new ArrayList<>();
      for (String line : data.subList(0, data.size() - 1)) {
        events.add(anonymous(json(line.substring("data: ".length()))));
      }
      return events;
    }
  }

  /** A stream that the caller reads, or not. */
  InputStream open(String path, String body) throws Exception {
    return send(request(path, body), BodyHandlers.ofInputStream()).body();
  }

  HttpRequest request(String path, String body) {
    return HttpRequest.newBuilder(uri(path))
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(body.replace('\'', '"'), UTF_8))
        .build();
  }

  static <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler)
      throws IOException, InterruptedException {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .build()
        .send(request, handler);
  }

  static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new AssertionError("no JSON: " + text, e);
    }
  }

  /** Expected JSON, written with ' for ". */
  static JsonNode quoted(String text) {
    return json(text.replace('\'', '"'));
  }

  private static JsonNode anonymous(JsonNode body) {
    return ((ObjectNode) body).without(List.of("id", "created", "quartet"));
  }
}
