package io.quartet.recipe;

import io.quartet.checkpoint.Stage;
import java.util.List;
import java.util.Optional;

/**
 * Where the run's words come from: .txt, .md, .jsonl, .jsonl.gz, .json, .csv and .parquet files.
 *
 * @param lessons the WordNet dictionary lessons; absent for a run on one's own files alone
 * @param documents running text for the base stage
 * @param demonstrations conversations for the SFT stage
 * @param comparisons ranked answers for the reward stage
 * @param prompts conversations that wait for an answer, for RL
 * @param badRows rows that a stage may skip, each with its line and reason; one more fails it
 * @param heldOutTail share of each own document, at its end, that is held out; 0 holds out every
 *     twentieth document instead
 */
public record DataSection(
    Optional<LessonsSection> lessons,
    List<DataSource> documents,
    List<DataSource> demonstrations,
    List<DataSource> comparisons,
    List<DataSource> prompts,
    long badRows,
    double heldOutTail,
    TokenizerSection tokenizer) {
  /** Validates the values, and that each list's shapes are such as its stage can read. */
  public DataSection {
    documents = shaped("documents", documents, DataShape.TEXT);
    demonstrations =
        shaped(
            "demonstrations",
            demonstrations,
            DataShape.MESSAGES,
            DataShape.SHAREGPT,
            DataShape.ALPACA);
    comparisons =
        shaped(
            "comparisons",
            comparisons,
            DataShape.PAIRS,
            DataShape.SHAREGPT,
            DataShape.HH,
            DataShape.RANKED);
    prompts =
        shaped(
            "prompts",
            prompts,
            DataShape.PAIRS,
            DataShape.MESSAGES,
            DataShape.SHAREGPT,
            DataShape.ALPACA,
            DataShape.HH);
    Check.atLeast("bad_rows", badRows, 0);
    Check.between("held_out_tail", heldOutTail, 0, 0.5);
    Check.holds(
        lessons.isEmpty() || comparisons.isEmpty(),
        "comparisons",
        comparisons.stream().map(DataSource::files).toList(),
        "none beside data.lessons, which have a labeller of their own");
  }

  private static List<DataSource> shaped(
      String key, List<DataSource> sources, DataShape... shapes) {
    for (int i = 0; i < sources.size(); i++) {
      DataSource source = sources.get(i);
      Check.holds(source != null, key, "nothing", "a path or a pattern");
      Check.holds(
          source.shape().filter(s -> !List.of(shapes).contains(s)).isEmpty(),
          "%s[%d].shape".formatted(key, i),
          source.shape().map(DataShape::label).orElse(""),
          DataSource.labels(shapes));
    }
    return List.copyOf(sources);
  }

  /** Checks that each of these stages has something to learn from. */
  void requireFor(List<Stage> stages) {
    for (Stage stage : stages) {
      switch (stage) {
        case BASE -> require("data.documents", documents);
        case SFT -> require("data.demonstrations", demonstrations);
        case REWARD -> require("data.comparisons", comparisons);
        case RL -> require("data.prompts", prompts);
      }
    }
  }

  private void require(String key, List<DataSource> files) {
    Check.holds(lessons.isPresent() || !files.isEmpty(), key, files, "files, or data.lessons");
  }
}
