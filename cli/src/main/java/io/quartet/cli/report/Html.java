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
      case "gold_interval" -> "gold change, 95 %";
      case "token_f1" -> "token F1";
      case "gemm_share" -> "share of GEMM speed";
      case "gflops_per_second" -> "GFLOP a second";
      case "gemm_gflops_per_second" -> "GFLOP a second, GEMM";
      case "gemm_gflops_per_second_fp32" -> "GFLOP a second, GEMM in fp32";
      case "gemm_gflops_per_second_bf16" -> "GFLOP a second, GEMM in bf16";
      case "tokens_per_second" -> "tokens a second";
      case "flops" -> "FLOPs";
      case "bits_per_byte" -> "bits per byte";
      default -> key.contains("/") ? key : key.replace('_', ' ');
    };
  }
}
