package io.quartet.reward;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Role;
import io.quartet.datasets.Comparison;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A user's comparisons, each a set of two. */
final class FileComparisons implements ComparisonSource {
  private static final double[] CHOSEN_FIRST = {1, 0};

  private final List<RatedAnswers> sets;

  private FileComparisons(List<RatedAnswers> sets) {
    this.sets = sets;
  }

  /**
   * Encodes comparisons.
   *
   * @throws QuartetException INVALID_ARGUMENT if there are none, or one is longer than the context
   */
  static FileComparisons of(
      List<Comparison> comparisons, ChatTemplate template, Recital recital, int context) {
    List<int[]> conversations = new ArrayList<>();
    for (Comparison comparison : comparisons) {
      conversations.add(tokens(template, comparison.prompt(), comparison.chosen()));
      conversations.add(tokens(template, comparison.prompt(), comparison.rejected()));
    }
    if (conversations.isEmpty()) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT, "comparisons: 0 of them, expected at least one");
    }
    for (int i = 0; i < conversations.size(); i++) {
      if (conversations.get(i).length > context) {
        throw new QuartetException(
            ErrorCode.INVALID_ARGUMENT,
            "comparison %d: %d tokens, expected at most the context length %d"
                .formatted(i / 2 + 1, conversations.get(i).length, context));
      }
    }
    List<int[]> whole = recital.before(conversations);
    List<RatedAnswers> sets = new ArrayList<>();
    for (int i = 0; i < whole.size(); i += 2) {
      sets.add(new RatedAnswers(whole.subList(i, i + 2), CHOSEN_FIRST));
    }
    return new FileComparisons(sets);
  }

  /** All of them, in the files' order. */
  List<RatedAnswers> sets() {
    return sets;
  }

  /** The comparisons with an index from one to another, exclusive. */
  FileComparisons part(int from, int to) {
    return new FileComparisons(sets.subList(from, to));
  }

  @Override
  public RatedAnswers draw(SplittableRandom random) {
    return sets.get(random.nextInt(sets.size()));
  }

  private static int[] tokens(ChatTemplate template, Conversation prompt, String answer) {
    List<Message> messages = new ArrayList<>(prompt.messages());
    messages.add(new Message(Role.ASSISTANT, answer));
    return template.encode(new Conversation(messages)).tokenIds();
  }
}
