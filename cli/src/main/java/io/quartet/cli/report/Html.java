package io.quartet.cli.report;

/** Text on its way into a page. */
final class Html {
  private Html() {}

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  /** A name as JSON writes it, in words. */
  static String words(String key) {
    return switch (key) {
      case "kl" -> "KL, nats an answer";
      case "flops" -> "FLOPs";
      case "bits_per_byte" -> "bits per byte";
      default -> key.replace('_', ' ');
    };
  }
}
