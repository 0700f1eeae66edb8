package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/** A soak's users over the HTTP API of OpenAI's clients. */
final class HttpTraffic implements SoakTraffic {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String EVENT = "data: ";
  private static final String LAST = "[DONE]";

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final URI completions;
  private final UnaryOperator<String> textOf;
  private final SoakTally tally;

  /**
   * @param address of the gateway's HTTP
   * @param textOf the whole answer of the weights with a checkpoint id
   */
  HttpTraffic(String address, UnaryOperator<String> textOf, SoakTally tally) {
    this.completions = URI.create(address + "/v1/chat/completions");
    this.textOf = textOf;
    this.tally = tally;
  }

  @Override
  public void read() throws IOException, InterruptedException {
    HttpResponse<InputStream> response = open("sft");
    if (!accepted("HTTP read", response.statusCode(), response)) {
      return;
    }
    var text = new StringBuilder();
    String id = "";
    String finish = "";
    try (BufferedReader lines = lines(response)) {
      for (var event = next(lines); event.isPresent(); event = next(lines)) {
        JsonNode chunk = event.get();
        id = chunk.path("system_fingerprint").asText();
        text.append(chunk.at("/choices/0/delta/content").asText());
        finish = chunk.at("/choices/0/finish_reason").asText();
      }
    }
    tally.answer("HTTP read", id, text + " " + finish, textOf.apply(id) + " stop");
  }

  @Override
  public void leave(SplittableRandom random) throws IOException, InterruptedException {
    take("HTTP leave", SoakTraffic.either(random), random.nextInt(1, 40), Duration.ZERO);
  }

  @Override
  public void dawdle(SplittableRandom random, int messages)
      throws IOException, InterruptedException {
    take("HTTP dawdle", SoakTraffic.either(random), messages, Duration.ofMillis(100));
  }

  @Override
  public void storm(int requests) {
    List<CompletableFuture<Void>> answers = new ArrayList<>();
    for (int i = 0; i < requests; i++) {
      answers.add(
          client
              .sendAsync(request("sft", false), BodyHandlers.ofString())
              .handle(
                  (response, failure) -> {
                    if (failure != null) {
                      tally.failed("HTTP storm", failure);
                    } else if (accepted("HTTP storm", response.statusCode(), response.body())) {
                      JsonNode answer = parse(response.body());
                      String id = answer.path("system_fingerprint").asText();
                      String text = answer.at("/choices/0/message/content").asText();
                      tally.answer("HTTP storm", id, text, textOf.apply(id));
                    }
                    return null;
                  }));
    }
    answers.forEach(CompletableFuture::join);
  }

  /** Takes the first events of an answer, and closes the connection. */
  private void take(String kind, String model, int events, Duration pace)
      throws IOException, InterruptedException {
    HttpResponse<InputStream> response = open(model);
    if (!accepted(kind, response.statusCode(), response)) {
      return;
    }
    try (BufferedReader lines = lines(response)) {
      for (int i = 0; i < events && next(lines).isPresent(); i++) {
        MILLISECONDS.sleep(pace.toMillis());
      }
    }
    tally.done(kind);
  }

  private boolean accepted(String kind, int status, Object answer) {
    if (status == 429) {
      tally.refused(kind);
    } else if (status != 200) {
      tally.failed(kind, "%d %s".formatted(status, answer));
    }
    return status == 200;
  }

  private HttpResponse<InputStream> open(String model) throws IOException, InterruptedException {
    return client.send(request(model, true), BodyHandlers.ofInputStream());
  }

  private HttpRequest request(String model, boolean stream) {
    String body =
        """
        {"model": "%s", "temperature": 0, "stream": %b, "messages": [{"role": "user", "content": "~"}]}\
        """
            .formatted(model, stream);
    return HttpRequest.newBuilder(completions)
        .timeout(Duration.ofSeconds(60))
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(body))
        .build();
  }

  private static BufferedReader lines(HttpResponse<InputStream> response) {
    return new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
  }

  /** The next event; empty after the last. */
  private static Optional<JsonNode> next(BufferedReader lines) throws IOException {
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.startsWith(EVENT)) {
        String data = line.substring(EVENT.length());
        return data.equals(LAST) ? Optional.empty() : Optional.of(parse(data));
      }
    }
    throw new IOException("the stream broke off before " + LAST);
  }

  private static JsonNode parse(String json) {
    try {
      return JSON.readTree(json);
    } catch (IOException e) {
      throw new IllegalStateException(json, e);
    }
  }
}
