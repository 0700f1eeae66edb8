package io.quartet.checkpoint;

import java.util.List;

/** How conversations become tokens: in Quartet's own layout, or by a model's own template. */
interface ChatFormat {
  /** The id that ends an assistant's turn. */
  int endTokenId();

  /**
   * Turns as tokens; what the assistant says, and the token that ends it, is trained.
   *
   * @param answering whether the assistant's turn begins at the end
   */
  EncodedConversation encode(List<Message> messages, boolean answering);

  /** How many tokens turns have at least, told without encoding them. */
  int fewestTokens(List<Message> messages);
}
