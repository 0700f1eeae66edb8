package io.quartet.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The peer's side of {@link DecodeSideBySide}: its own two benches, with flash attention. They draw
 * no tokens; the answers' common prompt is read once, as Quartet does.
 *
 * @param programs the folder of its build's programs
 * @param model a GGUF file
 * @param tokens of each answer
 */
record LlamaCpp(Path programs, Path model, int tokens) {
  private static final String THREADS = Integer.toString(Round.THREADS);
  private static final int ATTEMPTS = 3;

  DecodeRound round() throws IOException {
    int places = DecodeRound.SEQUENCES * (DecodeRound.PROMPT + tokens);
    List<JsonNode> decoded =
        run(
            "llama-batched-bench",
            2,
            List.of(
                "-c",
                Integer.toString(places),
                "-npp",
                Integer.toString(DecodeRound.PROMPT),
                "-ntg",
                Integer.toString(tokens),
                "-npl",
                "1," + DecodeRound.SEQUENCES,
                "-pps",
                "-tb",
                THREADS,
                "--output-format",
                "jsonl"));
    List<JsonNode> read =
        run(
            "llama-bench",
            1,
            List.of(
                "-p",
                Integer.toString(DecodeRound.PREFILL),
                "-n",
                "0",
                "-r",
                Integer.toString(DecodeRound.PREFILLS),
                "-o",
                "jsonl"));
    return new DecodeRound(
        decoded.get(0).path("speed_tg").asDouble(),
        decoded.get(1).path("speed_tg").asDouble(),
        read.get(0).path("avg_ts").asDouble());
  }

  /** Rounds the weights to one of its formats: {@code Q8_0} or {@code Q4_0}. */
  static void quantize(Path programs, Path model, Path into, String format) throws IOException {
    run(
        List.of(
            programs.resolve("llama-quantize").toString(),
            model.toString(),
            into.toString(),
            format,
            THREADS));
  }

  /**
   * The results that a program prints. Its log is written by a thread of its own, which now and
   * then loses the last line to the program's end; it is then run again.
   */
  private List<JsonNode> run(String program, int results, List<String> options) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(programs.resolve(program).toString());
    command.addAll(List.of("-m", model.toString(), "-t", THREADS, "-fa", "1"));
    command.addAll(options);
    List<JsonNode> lines = List.of();
    for (int attempt = 0; attempt < ATTEMPTS && lines.size() != results; attempt++) {
      lines = run(command);
    }
    if (lines.size() != results) {
      throw new IOException(
          "%d results, expected %d, of %s".formatted(lines.size(), results, command));
    }
    return lines;
  }

  /** The lines of JSON that a program prints. */
  private static List<JsonNode> run(List<String> command) throws IOException {
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
    List<JsonNode> lines = new ArrayList<>();
    try (BufferedReader output = process.inputReader()) {
      for (String line = output.readLine(); line != null; line = output.readLine()) {
        if (line.startsWith("{")) {
          lines.add(new ObjectMapper().readTree(line));
        }
      }
      if (process.waitFor() != 0) {
        throw new IOException(
            "exit code %d, expected 0, of %s".formatted(process.exitValue(), command));
      }
      return lines;
    } catch (InterruptedException e) {
      process.destroy();
      throw new IOException("interrupted: " + command, e);
    }
  }
}
