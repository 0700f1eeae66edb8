package io.quartet.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A turn is its role's token, one space and the trimmed content, {@code <|end|>}. */
final class OwnChatFormat implements ChatFormat {
  private final Tokenizer tokenizer;
  private final int end;

  /** Throws NOT_FOUND if the tokenizer lacks one of the format's special tokens. */
  OwnChatFormat(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    this.end = tokenizer.specialToken(SpecialTokens.END);
    for (Role role : Role.values()) {
      tokenizer.specialToken(role.token());
    }
  }

  @Override
  public int endTokenId() {
    return end;
  }

  @Override
  public EncodedConversation encode(List<Message> messages, boolean answering) {
    List<int[]> turns = new ArrayList<>();
    int length = answering ? 1 : 0;
    for (Message message : messages) {
      turns.add(turn(message));
      length += turns.get(turns.size() - 1).length;
    }
    int[] tokenIds = new int[length];
    boolean[] trained = new boolean[length];
    int at = 0;
    for (int m = 0; m < turns.size(); m++) {
      int[] turn = turns.get(m);
      System.arraycopy(turn, 0, tokenIds, at, turn.length);
      boolean assistant = messages.get(m).role() == Role.ASSISTANT;
      Arrays.fill(trained, at + 1, at + turn.length, assistant);
      at += turn.length;
    }
    if (answering) {
      tokenIds[at] = tokenizer.specialToken(SpecialTokens.ASSISTANT);
    }
    return new EncodedConversation(tokenIds, trained);
  }

  @Override
  public int fewestTokens(List<Message> messages) {
    return messages.stream()
        .mapToInt(message -> tokenizer.fewestTokens(Spaces.trim(message.content())))
        .sum();
  }

  private int[] turn(Message message) {
    String content = Spaces.trim(message.content());
    int[] tokens = content.isEmpty() ? new int[0] : tokenizer.encode(" " + content);
    int[] turn = new int[tokens.length + 2];
    turn[0] = tokenizer.specialToken(message.role().token());
    System.arraycopy(tokens, 0, turn, 1, tokens.length);
    turn[turn.length - 1] = end;
    return turn;
  }
}
