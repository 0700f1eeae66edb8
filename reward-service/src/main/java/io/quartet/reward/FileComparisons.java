package io.quartet.reward;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Folders;
import io.quartet.checkpoint.Message;
import io.quartet.datasets.DataSummary;
import io.quartet.datasets.Ranking;
import io.quartet.datasets.Reading;
import io.quartet.model.TokenShardWriter;
import io.quartet.model.TokenShards;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A user's comparisons, each a set of two answers to a prompt or more; encoded ones are in files,
 * so that there may be more of them than fit into memory.
 */
final class FileComparisons implements ComparisonSource {
  /** Sets that are encoded in one go, so that no more of their text is held. */
  private static final int GROUP = 256;

  private static final String FOLDER = "comparisons";

  private final List<RatedAnswers> sets;
  private final DataSummary summary;

  private FileComparisons(List<RatedAnswers> sets, DataSummary summary) {
    this.sets = sets;
    this.summary = summary;
  }

  /**
   * Encodes comparisons as they are read, into a folder of the stage's own; one that is longer than
   * the context is a bad row.
   *
   * @param encoded told after each group
   * @throws io.quartet.checkpoint.QuartetException as {@link Reading#hasNext}; RESOURCE_EXHAUSTED
   *     if the disk is full
   */
  static FileComparisons of(
      Reading<Ranking> rankings,
      ChatTemplate template,
      Recital recital,
      int context,
      Path scratch,
      Runnable encoded) {
    Path folder = scratch.resolve(FOLDER);
    Folders.deleteTree(folder); // of an earlier process, perhaps unfinished
    List<double[]> ratings = new ArrayList<>();
    List<RatedAnswers> group = new ArrayList<>();
    try (var writer = new TokenShardWriter(folder, RatedShards.NUMBERS)) {
      while (rankings.hasNext()) {
        RatedAnswers set = rated(rankings.next(), template);
        int longest = set.sequences().stream().mapToInt(s -> s.length).max().orElse(0);
        if (longest > context) {
          rankings.reject(
              "%d tokens, expected at most the context length %d".formatted(longest, context));
        } else {
          group.add(set);
        }
        if (group.size() == GROUP || !rankings.hasNext()) {
          for (RatedAnswers whole : recited(group, recital)) {
            RatedShards.write(writer, whole);
            ratings.add(whole.ratings());
          }
          group.clear();
          encoded.run();
        }
      }
    }
    return new FileComparisons(
        new RatedShards(TokenShards.open(folder), ratings), rankings.summary());
  }

  private static RatedAnswers rated(Ranking ranking, ChatTemplate template) {
    return new RatedAnswers(
        ranking.answers().stream()
            .map(answer -> ranking.prompt().with(Message.assistant(answer)))
            .map(conversation -> template.encode(conversation).tokenIds())
            .toList(),
        ranking.scores().stream().mapToDouble(Double::doubleValue).toArray());
  }

  private static List<RatedAnswers> recited(List<RatedAnswers> group, Recital recital) {
    List<int[]> whole =
        recital.before(group.stream().flatMap(set -> set.sequences().stream()).toList());
    List<RatedAnswers> sets = new ArrayList<>();
    int from = 0;
    for (RatedAnswers set : group) {
      sets.add(new RatedAnswers(whole.subList(from, from + set.size()), set.ratings()));
      from += set.size();
    }
    return sets;
  }

  /** All of them, in the files' order. */
  List<RatedAnswers> sets() {
    return sets;
  }

  /** What was found in the files. */
  DataSummary summary() {
    return summary;
  }

  /** The comparisons with an index from one to another, exclusive. */
  FileComparisons part(int from, int to) {
    return new FileComparisons(sets.subList(from, to), summary);
  }

  @Override
  public RatedAnswers draw(SplittableRandom random) {
    return sets.get(random.nextInt(sets.size()));
  }
}
