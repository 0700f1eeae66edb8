package io.quartet.datasets;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/**
 * Many answers to one prompt: {@code answers}, best first, or with {@code scores} beside them, or
 * each as {@code {text, score}}.
 */
final class Ranked {
  private Ranked() {}

  static Ranking ranking(JsonRow row) {
    List<JsonNode> items = row.list("answers");
    List<JsonNode> given = row.has("scores") ? row.list("scores") : List.of();
    if (!given.isEmpty() && given.size() != items.size()) {
      throw new BadRow(
          "'scores': got %d of them, expected %d, one for each answer", given.size(), items.size());
    }
    List<String> answers = new ArrayList<>();
    List<Double> scores = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      JsonNode item = items.get(i);
      String path = "answers[%d]".formatted(i);
      boolean object = item.isObject();
      answers.add(JsonRow.text(object ? item.get("text") : item, object ? path + ".text" : path));
      if (!given.isEmpty()) {
        scores.add(JsonRow.number(given.get(i), "scores[%d]".formatted(i)));
      } else {
        scores.add(
            object
                ? JsonRow.number(item.get("score"), path + ".score")
                : (double) (items.size() - i));
      }
    }
    return Ranking.of(row.prompt("prompt"), answers, scores);
  }
}
