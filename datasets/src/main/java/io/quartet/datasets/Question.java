package io.quartet.datasets;

import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import java.util.Locale;

/**
 * A question about a word of the vocabulary.
 *
 * @param phrasing index below {@code task.phrasings()}
 */
public record Question(Word word, Task task, int phrasing) {
  /** Validates the phrasing. */
  public Question {
    if (phrasing < 0 || phrasing >= task.phrasings()) {
      throw new IllegalArgumentException(
          "question: phrasing %d of %s, expected 0 to %d"
              .formatted(phrasing, task, task.phrasings() - 1));
    }
  }

  /** The name that {@link WordNetLessons#question} understands: {@code define/person/0}. */
  public String id() {
    return "%s/%s/%d".formatted(task.name().toLowerCase(Locale.ROOT), word.lemma(), phrasing);
  }

  /** What the user says. */
  public String text() {
    return task.question(word, phrasing);
  }

  /**
   * The answer that the labelling instructions ask for.
   *
   * @throws IllegalArgumentException if WordNet has none, which only happens to {@link
   *     Task#SENTENCE}
   */
  public String ideal() {
    return task.ideal(word)
        .orElseThrow(() -> new IllegalArgumentException("no ideal answer to '" + id() + "'"));
  }

  /** The user's turn alone. */
  public Conversation conversation() {
    return Conversation.of(Message.user(text()));
  }

  /** The same with an answer. */
  public Conversation answered(String answer) {
    return conversation().with(Message.assistant(answer));
  }

  /** The same as a prompt under its {@link #id}. */
  public Prompt prompt() {
    return new Prompt(id(), conversation());
  }
}
