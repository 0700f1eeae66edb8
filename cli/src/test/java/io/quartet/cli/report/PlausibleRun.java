package io.quartet.cli.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.Message;
import com.google.protobuf.Timestamp;
import io.quartet.cli.run.RunView;
import io.quartet.recipe.Recipe;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.Stage;
import io.quartet.v1.StageProgress;
import io.quartet.v1.StageState;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SplittableRandom;

/** The events of a run as a default run might tell them; every curve and figure is made up. */
public final class PlausibleRun {
  /** The run's name. */
  public static final String NAME = "default-1";

  private static final long START = 1_760_000_000L;

  private final SplittableRandom random = new SplittableRandom(3);
  private final List<Message> events = new ArrayList<>();
  private final JsonNode metrics = resource();
  private long now = START;

  private PlausibleRun() {}

  /** The run's view after all its events. */
  public static RunView view() {
    RunView view = new RunView(NAME);
    events().forEach(view::add);
    return view;
  }

  /** Its events in order. */
  public static List<Message> events() {
    PlausibleRun run = new PlausibleRun();
    run.tell();
    return run.events;
  }

  /** The events of the stages that a recipe names. */
  public static List<Message> eventsOf(String yaml) {
    Recipe recipe = Recipe.parse(yaml);
    List<Message> some = new ArrayList<>();
    for (Message event : events()) {
      if (event instanceof RunSubmitted submitted) {
        some.add(submitted.toBuilder().setRecipeYaml(recipe.yaml()).build());
      } else if (recipe.stages().stream().anyMatch(s -> s.label().equals(label(event)))) {
        some.add(event);
      }
    }
    return some;
  }

  private static String label(Message event) {
    return RunView.label(
        event instanceof StageProgress progress
            ? progress.getStage()
            : ((CheckpointPublished) event).getStage());
  }

  private void tell() {
    events.add(
        RunSubmitted.newBuilder()
            .setRun(NAME)
            .setRecipeYaml(Recipe.committed("default").yaml())
            .setSubmitted(time())
            .build());
    stage(Stage.STAGE_BASE, 683, 110, this::base);
    stage(Stage.STAGE_SFT, 220, 38, this::sft);
    stage(Stage.STAGE_REWARD, 320, 61, this::reward);
    stage(Stage.STAGE_RL, 60, 118, this::rl);
  }

  private interface Values {
    void put(Map<String, Double> metrics, int step, double done);
  }

  private void stage(Stage stage, int steps, long seconds, Values values) {
    long begin = now;
    for (int step = 1; step <= steps; step++) {
      now = begin + step * seconds / steps;
      Map<String, Double> latest = new HashMap<>();
      values.put(latest, step, (double) step / steps);
      events.add(progress(stage).setStep(step).setTotalSteps(steps).putAllMetrics(latest).build());
    }
    String name = RunView.label(stage);
    String id = name + "/" + NAME + "/" + steps;
    events.add(
        CheckpointPublished.newBuilder()
            .setCheckpointId(id)
            .setStage(stage)
            .setRun(NAME)
            .setStep(steps)
            .setDigest(Integer.toHexString(name.hashCode()).repeat(64).substring(0, 64))
            .setTrainingJson("{\"recipe\":\"\",\"metrics\":%s}".formatted(metrics.path(name)))
            .build());
    events.add(
        progress(stage)
            .setState(StageState.STAGE_STATE_COMPLETED)
            .setStep(steps)
            .setTotalSteps(steps)
            .setCheckpointId(id)
            .build());
  }

  private StageProgress.Builder progress(Stage stage) {
    return StageProgress.newBuilder()
        .setRun(NAME)
        .setStage(stage)
        .setState(StageState.STAGE_STATE_RUNNING)
        .setPhase("training")
        .setUpdated(time());
  }

  private void base(Map<String, Double> latest, int step, double done) {
    latest.put("loss", 0.9 + 7.4 * Math.exp(-6 * done) + noise(0.12));
    latest.put("tokens_per_second", 9100 + noise(420));
    if (step % 100 == 0) {
      latest.put("validation_loss", 0.95 + 7.4 * Math.exp(-6 * done));
    }
  }

  private void sft(Map<String, Double> latest, int step, double done) {
    latest.put("loss", 0.85 + 3 * Math.exp(-9 * done) + noise(0.09));
    latest.put("tokens_per_second", 8700 + noise(390));
  }

  private void reward(Map<String, Double> latest, int step, double done) {
    latest.put("loss", 0.42 + 0.3 * Math.exp(-3 * done) + noise(0.05));
    if (step % 40 == 0) {
      latest.put("held_out_accuracy", 0.77 - 0.25 * Math.exp(-4 * done) + noise(0.008));
    }
  }

  private void rl(Map<String, Double> latest, int step, double done) {
    latest.put("reward", 1.1 - 1.3 * Math.exp(-2.5 * done) + noise(0.12));
    latest.put("kl", 2.1 * (1 - Math.exp(-3 * done)) + Math.abs(noise(0.05)));
    latest.put("entropy", 0.62 - 0.2 * done + noise(0.02));
    latest.put("answer_length", 15.5 - 1.2 * done + noise(0.3));
    latest.put("ended", Math.min(1, 0.985 + 0.012 * done + noise(0.004)));
    latest.put("clip_fraction", 0.06 + Math.abs(noise(0.02)));
    latest.put("value_loss", 0.2 + 0.5 * Math.exp(-5 * done) + Math.abs(noise(0.03)));
    latest.put("explained_variance", 0.6 - 0.7 * Math.exp(-6 * done) + noise(0.04));
    if (step % 10 == 0) {
      latest.put("gold", 0.71 - 0.2 * Math.exp(-2.6 * done));
      latest.put("gold_truth", 0.6 - 0.18 * Math.exp(-2.2 * done));
      latest.put("gold_manner", 0.82 - 0.22 * Math.exp(-3 * done));
    }
  }

  private double noise(double size) {
    return size * (random.nextDouble() + random.nextDouble() - 1);
  }

  private Timestamp time() {
    return Timestamp.newBuilder().setSeconds(now).build();
  }

  private static JsonNode resource() {
    String name = PlausibleRun.class.getSimpleName().toLowerCase(Locale.ROOT) + ".json";
    try (InputStream in = PlausibleRun.class.getResourceAsStream(name)) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }
}
