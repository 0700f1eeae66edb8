package io.quartet.datasets;

import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a tokenizer is trained on: given texts, then a user's documents as they are read, as far as
 * a gibicharacter. Closes them at their end.
 */
final class TokenizerTexts implements Iterator<String> {
  private static final long MOST_CHARACTERS = 1L << 30;

  private final Iterator<String> taught;
  private final Optional<OwnDocuments> own;
  private long characters;
  private @Nullable String next;

  TokenizerTexts(List<String> taught, Optional<OwnDocuments> own) {
    this.taught = taught.iterator();
    this.own = own;
  }

  @Override
  public boolean hasNext() {
    if (next == null) {
      next = taught.hasNext() ? taught.next() : own.map(this::ownText).orElse(null);
    }
    return next != null;
  }

  private @Nullable String ownText(OwnDocuments documents) {
    while (characters < MOST_CHARACTERS && documents.hasNext()) {
      OwnDocuments.Part part = documents.next();
      if (!part.heldOut()) {
        characters += part.document().text().length();
        return part.document().text();
      }
    }
    documents.close();
    return null;
  }

  @Override
  public String next() {
    if (!hasNext() || next == null) {
      throw new NoSuchElementException();
    }
    String text = next;
    next = null;
    return text;
  }
}
