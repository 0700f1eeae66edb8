package io.quartet.datasets;

import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Anthropic's layout of "helpful and harmless" comparisons (Bai et al. 2022): two transcripts
 * {@code "\n\nHuman: …\n\nAssistant: …"} that differ in their last answer.
 */
final class Transcript {
  private static final Pattern TURN = Pattern.compile("(?:^|\n\n)(Human|Assistant):");

  private Transcript() {}

  /** Whether a text is one. */
  static boolean is(String text) {
    Matcher turn = TURN.matcher(text);
    return turn.find() && text.substring(0, turn.start()).isBlank();
  }

  /** The two answers to what comes before. */
  static Ranking comparison(JsonRow row) {
    List<Message> chosen = answered(row, "chosen");
    List<Message> rejected = answered(row, "rejected");
    List<Message> before = chosen.subList(0, chosen.size() - 1);
    if (!before.equals(rejected.subList(0, rejected.size() - 1))) {
      throw new BadRow("'chosen' and 'rejected' differ before the last answer");
    }
    return Ranking.pair(
        JsonRow.waiting("chosen", before),
        JsonRow.last(chosen).content(),
        JsonRow.last(rejected).content());
  }

  /** What comes before the answers. */
  static Conversation prompt(JsonRow row) {
    List<Message> chosen = answered(row, "chosen");
    return JsonRow.waiting("chosen", chosen.subList(0, chosen.size() - 1));
  }

  private static List<Message> answered(JsonRow row, String key) {
    return JsonRow.answered(key, turns(key, row.text(key))).messages();
  }

  private static List<Message> turns(String key, String text) {
    if (!is(text)) {
      throw new BadRow("'%s': got a string, expected a transcript of Human: and Assistant:", key);
    }
    List<Message> messages = new ArrayList<>();
    Matcher turn = TURN.matcher(text);
    boolean found = turn.find();
    while (found) {
      boolean human = turn.group(1).equals("Human");
      int from = turn.end();
      found = turn.find();
      String said = text.substring(from, found ? turn.start() : text.length()).strip();
      if (said.isEmpty()) {
        throw new BadRow("'%s': turn %d is empty, expected text", key, messages.size() + 1);
      }
      messages.add(human ? Message.user(said) : Message.assistant(said));
    }
    return messages;
  }
}
