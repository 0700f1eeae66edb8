package io.quartet.cli.report;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import io.quartet.cli.run.RunView;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.Stage;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The report as one HTML file that needs nothing else: styles, drawings and words inside. */
final class ReportPage {
  private static final List<String> MODELS = List.of("base", "sft", "rl");
  private static final Map<String, String> NAMES =
      Map.of("base", "Base", "sft", "SFT", "reward", "Reward model", "rl", "RL");

  private final RunView view;
  private final JsonNode json;

  ReportPage(Report report) {
    this.view = report.view();
    this.json = report.json();
  }

  String html() {
    return resource("page.html")
        .replace("{{run}}", Html.escape(view.run()))
        .replace("{{style}}", resource("page.css"))
        .replace("{{script}}", resource("page.js"))
        .replace("{{lead}}", lead())
        .replace("{{result}}", result())
        .replace("{{samples}}", samples())
        .replace("{{stages}}", stages())
        .replace("{{compute}}", new ComputeSection(json.path("stages")).html())
        .replace("{{checkpoints}}", checkpoints())
        .replace("{{recipe}}", Html.escape(recipe()))
        .replace("{{licence}}", Html.escape(resource("wordnet-licence.txt")));
  }

  private String lead() {
    StringBuilder lead = new StringBuilder(Figures.duration(json.path("seconds").asDouble()));
    JsonNode parameters = json.at("/stages/base/parameters");
    if (parameters.isNumber()) {
      lead.append(" · ").append(Figures.compact(parameters.asDouble())).append(" parameters");
    }
    return lead.append(" · ").append(state()).toString();
  }

  private String state() {
    if (view.failure().isPresent()) {
      return "failed: " + Html.escape(view.failure().get().getFailure().getMessage());
    }
    if (!view.completed()) {
      return "not completed";
    }
    return view.stages().size() == RunView.STAGES.size()
        ? "all four stages completed"
        : view.stages().stream().map(RunView::label).collect(joining(" and ", "", " completed"));
  }

  private String result() {
    StringBuilder result = new StringBuilder("<div class=tiles>");
    JsonNode characters = json.at("/stages/base/nats_per_character");
    if (view.stages().size() == 1 && characters.isNumber()) {
      result.append(
          tile("base", "nats a held-out character", "%.4f".formatted(characters.asDouble())));
    }
    for (String model : MODELS) {
      JsonNode gold = json.at("/gold/" + model);
      if (!gold.isMissingNode()) {
        String score = Estimate.parse(gold).map(e -> Figures.score(e.mean())).orElse("–");
        result.append(tile(model, "gold, " + NAMES.get(model), score));
      }
    }
    JsonNode rl = json.at("/stages/rl");
    if (!rl.isMissingNode()) {
      result
          .append(
              tile(
                  "rl",
                  "reward before → after",
                  reward(rl.path("reward_before")) + " → " + reward(rl.path("reward_after"))))
          .append(tile("rl", "KL to SFT, nats an answer", number(rl.path("kl"))));
    }
    JsonNode reward = json.at("/stages/reward");
    if (!reward.isMissingNode()) {
      result.append(tile("reward", "pairs ranked right", number(reward.path("accuracy"))));
    }
    result.append("</div><div class=charts>");
    List<IntervalChart.Row> rates = winRates();
    if (!rates.isEmpty()) {
      result.append(new IntervalChart("win rates with 95 % intervals", rates, 0.5).svg());
    }
    goldChange().ifPresent(result::append);
    return result.append("</div>").toString();
  }

  private static String tile(String color, String name, String value) {
    return "<div class=tile style=\"--c:var(--%s)\"><b>%s</b><span>%s</span></div>"
        .formatted(color, value, Html.escape(name));
  }

  private List<IntervalChart.Row> winRates() {
    List<IntervalChart.Row> rows = new ArrayList<>();
    for (Map.Entry<String, JsonNode> pair : json.path("win_rates").properties()) {
      String name = pair.getKey();
      String winner = name.substring(0, name.indexOf('_'));
      String title =
          NAMES.getOrDefault(winner, winner)
              + " vs "
              + NAMES.getOrDefault(name.substring(name.lastIndexOf('_') + 1), name);
      Optional<Estimate> single = Estimate.parse(pair.getValue());
      if (single.isPresent()) {
        rows.add(new IntervalChart.Row(title, winner, single.get()));
        continue;
      }
      for (Map.Entry<String, JsonNode> judge : pair.getValue().properties()) {
        Estimate.parse(judge.getValue())
            .ifPresent(
                e ->
                    rows.add(
                        new IntervalChart.Row(
                            title + ", by " + Html.words(judge.getKey()), winner, e)));
      }
    }
    return rows;
  }

  private Optional<String> goldChange() {
    List<IntervalChart.Row> rows = new ArrayList<>();
    for (String model : MODELS) {
      Estimate.parse(json.at("/gold/" + model), goldInterval(model))
          .ifPresent(
              e -> rows.add(new IntervalChart.Row("gold score, " + NAMES.get(model), model, e)));
    }
    return rows.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new IntervalChart("gold score on held-out words, temperature 1", rows, Double.NaN)
                .svg());
  }

  /** Base and SFT keep the parts of their gold beside it; RL's gold is before and after. */
  private JsonNode goldInterval(String model) {
    return json.at("/stages/" + model + (model.equals("rl") ? "/gold/mean" : "/gold_parts/mean"));
  }

  private String samples() {
    StringBuilder samples = new StringBuilder();
    for (Sample sample : Sample.of(view)) {
      samples
          .append("<article class=sample><h3>")
          .append(Html.escape(sample.question()))
          .append("</h3>");
      sample.answers().forEach((model, answer) -> samples.append(answer(model, answer)));
      if (!sample.reference().isEmpty()) {
        samples.append(
            "<p class=ideal><span>ideal</span>%s</p>".formatted(Html.escape(sample.reference())));
      }
      samples.append("</article>");
    }
    return samples.isEmpty() ? "<p class=none>%s</p>".formatted(noSamples()) : samples.toString();
  }

  private String noSamples() {
    return view.stages().contains(Stage.STAGE_RL)
        ? "The RL stage kept none."
        : "The RL stage makes them, and this run ends before it.";
  }

  private static String answer(String model, Sample.Answer answer) {
    String gold =
        Double.isNaN(answer.gold()) ? "" : "<i>gold %s</i>".formatted(Figures.score(answer.gold()));
    return "<p style=\"--c:var(--%s)\"><span>%s</span>%s%s</p>"
        .formatted(model, NAMES.get(model), Html.escape(answer.text().strip()), gold);
  }

  private String stages() {
    StringBuilder stages = new StringBuilder();
    for (Stage stage : view.stages()) {
      stages.append(
          new StageSection(
                  view,
                  stage,
                  NAMES.getOrDefault(RunView.label(stage), ""),
                  json.path("stages").path(RunView.label(stage)))
              .html());
    }
    return stages.toString();
  }

  private String checkpoints() {
    StringBuilder rows = new StringBuilder();
    for (Stage stage : view.stages()) {
      Optional<CheckpointPublished> checkpoint = view.result(stage);
      checkpoint.ifPresent(
          c ->
              rows.append(
                  "<tr><td>%s<td><code>%s</code><td><code>%s</code>"
                      .formatted(
                          NAMES.get(RunView.label(stage)),
                          Html.escape(c.getCheckpointId()),
                          Html.escape(c.getDigest()))));
    }
    return rows.toString();
  }

  private String recipe() {
    return view.submission().map(s -> s.getRecipeYaml()).orElse("");
  }

  private static String reward(JsonNode node) {
    return node.isNumber() ? Figures.reward(node.asDouble()) : "–";
  }

  private static String number(JsonNode node) {
    return node.isNumber() ? Figures.compact(node.asDouble()) : "–";
  }

  private static String resource(String name) {
    try (InputStream in = ReportPage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("no resource " + name);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
