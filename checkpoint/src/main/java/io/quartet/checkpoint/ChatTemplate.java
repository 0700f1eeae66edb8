package io.quartet.checkpoint;

import java.util.Optional;

/**
 * The chat format, once for training, evaluation and serving. A model that Quartet trained from
 * scratch has Quartet's: a turn is its role's token, the content, {@code <|end|>}; content is
 * trimmed and encoded with one space before it, so that its first word is the same token as in
 * running text. An open model keeps its own, the Jinja template beside its tokenizer. In both,
 * special tokens spelled out in a message are text.
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
  private final ChatFormat format;

  /**
   * The format that goes with a tokenizer.
   *
   * @throws QuartetException NOT_FOUND if there is no chat template beside it, INVALID_ARGUMENT if
   *     it cannot be rendered or does not end the assistant's turn with a special token
   */
  public ChatTemplate(Tokenizer tokenizer) {
    this.tokenizer = tokenizer;
    Optional<String> template = tokenizer.config().chatTemplate();
    this.format =
        template.isEmpty() || template.get().equals(JINJA)
            ? new OwnChatFormat(tokenizer)
            : new JinjaChatFormat(tokenizer, template.get());
  }

  /** Whether this is Quartet's own format, not an open model's. */
  public boolean own() {
    return format instanceof OwnChatFormat;
  }

  /** The id that ends an assistant's turn and stops generation. */
  public int endTokenId() {
    return format.endTokenId();
  }

  /**
   * A whole conversation. The assistant's content and the token that ends its turn are trained;
   * role tokens and everybody else's turns are not.
   *
   * @throws QuartetException INVALID_ARGUMENT if the model's template refuses the conversation
   */
  public EncodedConversation encode(Conversation conversation) {
    return format.encode(conversation.messages(), false);
  }

  /**
   * What the model continues: the conversation so far and the beginning of the assistant's turn.
   *
   * @throws QuartetException INVALID_ARGUMENT if the last turn is the assistant's, after which a
   *     model that learnt Quartet's format never had another, or if the model's own template
   *     refuses the conversation
   */
  public int[] prompt(Conversation conversation) {
    if (own() && conversation.last().role() == Role.ASSISTANT) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "conversation: the last message is from assistant, expected user or system");
    }
    return format.encode(conversation.messages(), true).tokenIds();
  }

  /**
   * How many tokens {@link #prompt} gives at least, from the sizes alone; 0 where the model's
   * template may leave messages out.
   */
  public int fewestTokens(Conversation conversation) {
    return format.fewestTokens(conversation.messages());
  }

  /** An answer's tokens as its reader sees them: no special tokens, no white space around. */
  public String text(int... answerIds) {
    return Spaces.trim(tokenizer.decode(answerIds));
  }
}
