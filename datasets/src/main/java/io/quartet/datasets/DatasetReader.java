package io.quartet.datasets;

import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.QuartetException;
import io.quartet.recipe.DataSection;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Reads people's own files: .txt, .md, .jsonl, .jsonl.gz, .json, .csv and .parquet, in the shapes
 * of {@link io.quartet.recipe.DataShape}. Every method gives a {@link Reading}, which reads as it
 * is pulled and must be closed.
 *
 * <p>All throw {@link QuartetException} INVALID_ARGUMENT: at once for a pattern without a file or a
 * file of another kind, on the way for bad rows beyond the recipe's limit.
 */
public final class DatasetReader {
  private static final List<String> TABLES =
      Rows.ENDINGS.stream().filter(e -> !e.equals(".txt") && !e.equals(".md")).toList();

  private DatasetReader() {}

  /** Documents: a .txt or .md file is one, up to 4 MiB; elsewhere every row is one. */
  public static Reading<Document> documents(DataSection data) {
    return new Reading<>(
        "documents",
        data.documents(),
        Rows.ENDINGS,
        data.badRows(),
        Forms.DOCUMENTS,
        document -> List.of(document.text()));
  }

  /** Demonstrations: conversations that end with an answer. */
  public static Reading<Demonstration> demonstrations(DataSection data) {
    return new Reading<>(
        "demonstrations",
        data.demonstrations(),
        TABLES,
        data.badRows(),
        Forms.DEMONSTRATIONS,
        demonstration -> content(demonstration.conversation()).toList());
  }

  /** Comparisons: two or more ranked answers to one prompt. */
  public static Reading<Ranking> comparisons(DataSection data) {
    return new Reading<>(
        "comparisons",
        data.comparisons(),
        TABLES,
        data.badRows(),
        Forms.COMPARISONS,
        DatasetReader::content);
  }

  /**
   * Prompts: conversations that wait for an answer; one that has an answer is read without it. The
   * id is the row's {@code id}, or empty.
   */
  public static Reading<Prompt> prompts(DataSection data) {
    return new Reading<>(
        "prompts",
        data.prompts(),
        TABLES,
        data.badRows(),
        Forms.PROMPTS,
        prompt -> content(prompt.conversation()).toList());
  }

  private static Stream<String> content(Conversation conversation) {
    return conversation.messages().stream().flatMap(DatasetReader::content);
  }

  private static Stream<String> content(Message message) {
    return Stream.of(message.role().label(), message.content());
  }

  private static List<String> content(Ranking ranking) {
    List<String> content = new ArrayList<>(content(ranking.prompt()).toList());
    for (int i = 0; i < ranking.answers().size(); i++) {
      content.add(ranking.scores().get(i).toString());
      content.add(ranking.answers().get(i));
    }
    return content;
  }
}
