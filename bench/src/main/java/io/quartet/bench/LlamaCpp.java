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

  DecodeRound round() throws IOException {
    int places = DecodeRound.SEQUENCES * (DecodeRound.PROMPT + tokens);
    List<JsonNode> decoded =
        run(
            "llama-batched-bench",
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

  private List<JsonNode> run(String program, List<String> options) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(programs.resolve(program).toString());
    command.addAll(List.of("-m", model.toString(), "-t", THREADS, "-fa", "1"));
    command.addAll(options);
    return run(command);
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
