package io.quartet.gateway.openai;

/** The field {@code stream_options}. */
final class StreamOptions {
  private StreamOptions() {}

  /**
   * Whether a stream shall end with its usage.
   *
   * @throws WrongRequest if there are options and no stream
   */
  static boolean usage(Fields body) {
    boolean usage =
        body.object("stream_options").map(options -> options.flag("include_usage")).orElse(false);
    if (body.has("stream_options") && !body.flag("stream")) {
      throw body.wrong("stream_options", "none without \"stream\": true");
    }
    return usage;
  }
}
