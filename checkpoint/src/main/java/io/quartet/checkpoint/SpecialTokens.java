package io.quartet.checkpoint;

import java.util.List;

/**
 * The special tokens of the tokenizers that Quartet trains; a token's id is its place in {@link
 * #ALL}. An imported tokenizer may number them otherwise: ask {@link Tokenizer#specialToken}.
 */
public final class SpecialTokens {
  /** Between documents; bos and eos. */
  public static final String END_OF_TEXT = "<|endoftext|>";

  /** Begins a system turn. */
  public static final String SYSTEM = "<|system|>";

  /** Begins a user's turn. */
  public static final String USER = "<|user|>";

  /** Begins an assistant's turn. */
  public static final String ASSISTANT = "<|assistant|>";

  /** Ends every turn and stops generation. */
  public static final String END = "<|end|>";

  /** Fills up a batch; never trained. */
  public static final String PAD = "<|pad|>";

  /** All of them, by id. */
  public static final List<String> ALL = List.of(END_OF_TEXT, SYSTEM, USER, ASSISTANT, END, PAD);

  /** The id of {@link #END_OF_TEXT}. */
  public static final int END_OF_TEXT_ID = 0;

  /** The id of {@link #SYSTEM}. */
  public static final int SYSTEM_ID = 1;

  /** The id of {@link #USER}. */
  public static final int USER_ID = 2;

  /** The id of {@link #ASSISTANT}. */
  public static final int ASSISTANT_ID = 3;

  /** The id of {@link #END}. */
  public static final int END_ID = 4;

  /** The id of {@link #PAD}. */
  public static final int PAD_ID = 5;

  private SpecialTokens() {}
}
