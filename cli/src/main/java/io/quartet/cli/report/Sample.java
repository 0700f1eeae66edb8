package io.quartet.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.cli.run.RunView;
import io.quartet.v1.Stage;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A held-out question and the models' answers to it, side by side.
 *
 * @param question as a user asks it
 * @param basePrompt the text that a base model, which knows no questions, is to continue
 * @param reference the ideal answer; empty if there is none
 * @param answers by model: base, sft, rl
 */
public record Sample(
    String question, String basePrompt, String reference, Map<String, Answer> answers) {

  /**
   * One model's answer.
   *
   * @param text whole answer
   * @param gold its gold score, 0 to 1; NaN if there is none
   */
  public record Answer(String text, double gold) {}

  /** The samples that a run's RL stage kept; none before it completed. */
  public static List<Sample> of(RunView view) {
    List<Sample> samples = new ArrayList<>();
    for (JsonNode node : StageMetrics.of(view, Stage.STAGE_RL).path("samples")) {
      String question = node.path("question").asText();
      Map<String, Answer> answers = new LinkedHashMap<>();
      for (String model : List.of("base", "sft", "rl")) {
        if (node.has(model)) {
          answers.put(model, answer(node.path(model)));
        }
      }
      samples.add(
          new Sample(
              question,
              node.path("base_prompt").asText(question),
              node.path("reference").asText(""),
              answers));
    }
    return List.copyOf(samples);
  }

  private static Answer answer(JsonNode node) {
    return node.isTextual()
        ? new Answer(node.textValue(), Double.NaN)
        : new Answer(node.path("text").asText(), node.path("gold").asDouble(Double.NaN));
  }
}
