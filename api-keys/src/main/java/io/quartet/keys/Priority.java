package io.quartet.keys;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Whose requests go first when not all can run. */
public enum Priority {
  /** Somebody waits for the answer. */
  INTERACTIVE,
  /** Whatever is left over will do. */
  BATCH;

  /** As it is written in the keys file. */
  @JsonValue
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }
}
