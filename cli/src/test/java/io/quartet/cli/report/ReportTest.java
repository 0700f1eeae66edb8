package io.quartet.cli.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Message;
import io.quartet.cli.run.RunFolder;
import io.quartet.cli.run.RunView;
import io.quartet.v1.Stage;
import io.quartet.v1.StageProgress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void figuresHaveTheirAgreedShape() {
    JsonNode json = Report.of(PlausibleRun.view()).json();

    assertThat(keys(json))
        .containsExactlyInAnyOrder("run", "seconds", "stages", "gold", "win_rates", "checkpoints");
    assertThat(keys(json.at("/stages/base")))
        .contains(
            "parameters",
            "tokens",
            "tokens_per_second",
            "validation_loss",
            "bits_per_byte",
            "flops",
            "gold",
            "seconds");
    assertThat(keys(json.at("/stages/sft"))).contains("validation_loss", "gold", "seconds");
    assertThat(keys(json.at("/stages/reward")))
        .contains(
            "accuracy", "accuracy_interval", "length_heuristic", "by_flaw", "best_of_8", "seconds");
    assertThat(keys(json.at("/stages/rl")))
        .contains(
            "reward_before",
            "reward_after",
            "kl",
            "gold_before",
            "gold_after",
            "gold_interval",
            "seconds")
        .doesNotContain("samples", "win_rates");
    assertThat(json.path("gold"))
        .isEqualTo(JSON.createObjectNode().put("base", 0.125).put("sft", 0.524).put("rl", 0.702));
    assertThat(keys(json.path("win_rates")))
        .containsExactlyInAnyOrder("rl_vs_sft", "rl_vs_base", "sft_vs_base");
    assertThat(json.at("/stages/reward/accuracy").doubleValue()).isEqualTo(0.783);
    assertThat(json.at("/stages/reward/accuracy_interval").toString()).isEqualTo("[0.761,0.805]");
    assertThat(json.at("/stages/rl/kl").doubleValue()).isEqualTo(2.03);
    assertThat(json.at("/stages/reward/best_of_8/gold/picked/mean").doubleValue()).isEqualTo(0.689);
    assertThat(json.at("/checkpoints/rl").textValue()).isEqualTo("rl/default-1/60");
    assertThat(json.path("seconds").doubleValue()).isEqualTo(327);
  }

  @Test
  void aRunThatFailedEarlyStillHasEveryFigureAsNull() {
    RunView view = new RunView(PlausibleRun.NAME);
    PlausibleRun.events().stream().limit(20).forEach(view::add);

    JsonNode json = Report.of(view).json();

    assertThat(json.at("/stages/base/gold").isNull()).isTrue();
    assertThat(json.at("/stages/rl/kl").isNull()).isTrue();
    assertThat(json.at("/win_rates/rl_vs_sft").isNull()).isTrue();
    assertThat(json.at("/checkpoints/base").isNull()).isTrue();
  }

  @Test
  void aRunThatEndsEarlyByItsRecipeLacksTheOtherStages() {
    RunView view = new RunView(PlausibleRun.NAME);
    PlausibleRun.eventsOf("stages: [base, sft]").forEach(view::add);

    Report report = Report.of(view);

    assertThat(keys(report.json().path("stages"))).containsExactly("base", "sft");
    assertThat(keys(report.json().path("gold"))).containsExactly("base", "sft");
    assertThat(report.json().path("win_rates")).isEmpty();
    assertThat(keys(report.json().path("checkpoints"))).containsExactly("base", "sft");
    assertThat(new ReportPage(report).html())
        .contains("base and sft completed")
        .doesNotContain("Reward model")
        .doesNotContain("KL to SFT");
  }

  @Test
  void thePageNeedsNothingElseAndEscapesWhatModelsSay(@TempDir Path folder) throws Exception {
    RunFolder run = RunFolder.create(folder.resolve(PlausibleRun.NAME), "name: default\n");

    Report.of(PlausibleRun.view()).write(run);

    String page = Files.readString(run.file(Report.HTML));
    assertThat(page)
        .contains("not &lt;harsh&gt; &amp; stern")
        .contains("WordNet 3.1 Copyright 2011 by Princeton University")
        .contains("RL vs SFT, by reward")
        .doesNotContain("{{")
        .doesNotContainPattern("(src|href)=");
    assertThat(page.split("<figure", -1)).hasSizeGreaterThan(15);
  }

  @Test
  void theReportOfKeptEventsIsTheReportOfTheRun(@TempDir Path folder) {
    RunFolder run = RunFolder.create(folder.resolve(PlausibleRun.NAME), "name: default\n");
    run.append(PlausibleRun.events());

    assertThat(Report.of(RunFolder.open(run.path()).view()).json())
        .isEqualTo(Report.of(PlausibleRun.view()).json());
  }

  @Test
  void aFailedRunSaysWhyOnItsPage() {
    RunView view = new RunView(PlausibleRun.NAME);
    List<Message> events = new ArrayList<>(PlausibleRun.events().subList(0, 50));
    events.forEach(view::add);
    StageProgress.Builder failed = view.latest(Stage.STAGE_BASE).orElseThrow().toBuilder();
    failed.setState(io.quartet.v1.StageState.STAGE_STATE_FAILED);
    failed.getFailureBuilder().setCode("RESOURCE_EXHAUSTED").setMessage("no space left");
    view.add(failed.build());

    assertThat(new ReportPage(Report.of(view)).html()).contains("failed: no space left");
  }

  private static Set<String> keys(JsonNode node) {
    Set<String> keys = new TreeSet<>();
    node.fieldNames().forEachRemaining(keys::add);
    return keys;
  }
}
