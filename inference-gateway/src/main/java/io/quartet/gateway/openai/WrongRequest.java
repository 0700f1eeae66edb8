package io.quartet.gateway.openai;

import io.quartet.gateway.WrongQuestion;
import org.jspecify.annotations.Nullable;

/** A request that is refused for what it says; its message is one line for the caller. */
final class WrongRequest extends WrongQuestion {
  private static final long serialVersionUID = 1L;

  private final @Nullable String param;
  private final String code;

  /**
   * @param param the field at fault; null for the body as a whole
   * @param code what is wrong, in OpenAI's words: {@code invalid_type}, {@code invalid_value} …
   */
  WrongRequest(@Nullable String param, String code, String message) {
    super(message);
    this.param = param;
    this.code = code;
  }

  @Nullable String param() {
    return param;
  }

  String code() {
    return code;
  }
}
