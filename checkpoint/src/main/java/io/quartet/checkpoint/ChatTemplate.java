package io.quartet.checkpoint;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The chat format, once for training, evaluation and serving: a turn is its role's token, the
 * content, {@code <|end|>}. Content is trimmed and encoded with one space before it, so that its
 * first word is the same token as in running text; special tokens spelled out in it are text.
 */
public final class ChatTemplate {
  /**
   * The same format as {@code tokenizer_config.json} carries it for Hugging Face. There, content is
   * not kept apart from special tokens: a user who writes {@code <|end|>} ends the turn.
   */
  public static final String JINJA =
      "{%- for message in messages -%}"
          + "{%- if message['role'] not in ['system', 'user', 'assistant'] -%}"
          + "{{- raise_exception('unknown role ' + message['role']) -}}"
          + "{%- endif -%}"
          + "{%- set content = message['content'] | trim -%}"
          + "{{- '<|' + message['role'] + '|>' -}}"
          + "{%- if content -%}{{- ' ' + content -}}{%- endif -%}"
          + "{{- '<|end|>' -}}"
          + "{%- endfor -%}"
          + "{%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}";

  private final Tokenizer tokenizer;
  private final int end;

  /**
   * The format in a tokenizer's ids.
   *
   * @throws QuartetException NOT_FOUND if the tokenizer lacks one of the format's special tokens
   */
  public ChatTemplate(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    this.end = tokenizer.specialToken(SpecialTokens.END);
    for (Role role : Role.values()) {
      tokenizer.specialToken(role.token());
    }
  }

  /** The id that ends every turn and stops generation. */
  public int endTokenId() {
    return end;
  }

  /**
   * A whole conversation. The assistant's content and the {@code <|end|>} after it are trained;
   * role tokens and everybody else's turns are not.
   */
  public EncodedConversation encode(Conversation conversation) {
    List<int[]> turns = new ArrayList<>();
    int length = 0;
    for (Message message : conversation.messages()) {
      turns.add(turn(message));
      length += turns.get(turns.size() - 1).length;
    }
    int[] tokenIds = new int[length];
    boolean[] trained = new boolean[length];
    int at = 0;
    for (int m = 0; m < turns.size(); m++) {
      int[] turn = turns.get(m);
      System.arraycopy(turn, 0, tokenIds, at, turn.length);
      boolean assistant = conversation.messages().get(m).role() == Role.ASSISTANT;
      Arrays.fill(trained, at + 1, at + turn.length, assistant);
      at += turn.length;
    }
    return new EncodedConversation(tokenIds, trained);
  }

  /**
   * What the model continues: the conversation so far and the beginning of the assistant's turn.
   *
   * @throws QuartetException INVALID_ARGUMENT if the last turn is the assistant's
   */
  public int[] prompt(Conversation conversation) {
    if (conversation.last().role() == Role.ASSISTANT) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "conversation: the last message is from assistant, expected user or system");
    }
    int[] turns = encode(conversation).tokenIds();
    int[] prompt = Arrays.copyOf(turns, turns.length + 1);
    prompt[turns.length] = tokenizer.specialToken(SpecialTokens.ASSISTANT);
    return prompt;
  }

  /** An answer's tokens as its reader sees them: no special tokens, no white space around. */
  public String text(int... answerIds) {
    return trim(tokenizer.decode(answerIds));
  }

  private int[] turn(Message message) {
    String content = trim(message.content());
    int[] tokens = content.isEmpty() ? new int[0] : tokenizer.encode(" " + content);
    int[] turn = new int[tokens.length + 2];
    turn[0] = tokenizer.specialToken(message.role().token());
    System.arraycopy(tokens, 0, turn, 1, tokens.length);
    turn[turn.length - 1] = end;
    return turn;
  }

  /** Python's idea of white space, because the Jinja template runs there. */
  private static String trim(String text) {
    int from = 0;
    int to = text.length();
    while (from < to && isSpace(text.charAt(from))) {
      from++;
    }
    while (to > from && isSpace(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  private static boolean isSpace(char c) {
    return Character.isWhitespace(c) || c == 0x85 || c == 0xa0 || c == 0x2007 || c == 0x202f;
  }
}
