package io.quartet.bench;

import com.sun.management.OperatingSystemMXBean;
import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.BpeVocabulary;
import io.quartet.checkpoint.SpecialTokens;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import java.io.BufferedReader;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Trains a tokenizer on a text and encodes the text with it, and says how long each took: {@code
 * train SECONDS CPU_SECONDS} and {@code encode SECONDS CPU_SECONDS TOKENS}. The peer, {@code
 * peer/tokenizer_bench.py}, reads the same documents.
 */
public final class TokenizerRound {
  private static final int DOCUMENT = 1 << 16;

  private TokenizerRound() {}

  /**
   * Runs it once.
   *
   * @param arguments the text file in UTF-8, the number of merges, the threads to train with, and
   *     the folder to write the tokenizer into
   */
  public static void main(String[] arguments) throws IOException {
    List<String> documents = documents(Path.of(arguments[0]));
    int merges = Integer.parseInt(arguments[1]);
    int threads = Integer.parseInt(arguments[2]);
    Path folder = Files.createDirectories(Path.of(arguments[3]));
    Stopwatch training = new Stopwatch();
    int size = SpecialTokens.ALL.size() + 256 + merges;
    BpeVocabulary vocabulary = new BpeTrainer(size, threads).train(documents, Map.of());
    TokenizerFiles.write(folder, vocabulary);
    System.out.println("train " + training);
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      tokenizer.encode(documents.get(0)); // the library loads with the first call
      Stopwatch encoding = new Stopwatch();
      long tokens = documents.stream().mapToLong(d -> tokenizer.encode(d).length).sum();
      System.out.println("encode " + encoding + " " + tokens);
    }
  }

  /** Whole lines, as many as make 64 Ki characters. */
  private static List<String> documents(Path text) throws IOException {
    List<String> documents = new ArrayList<>();
    StringBuilder document = new StringBuilder();
    try (BufferedReader lines = Files.newBufferedReader(text)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        document.append(line).append('\n');
        if (document.length() >= DOCUMENT) {
          documents.add(document.toString());
          document.setLength(0);
        }
      }
    }
    documents.add(document.toString());
    return documents;
  }

  /** Seconds of the clock and of the processors since it was made. */
  private static final class Stopwatch {
    private static final OperatingSystemMXBean SYSTEM =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();

    private final long begun = System.nanoTime();
    private final long processor = SYSTEM.getProcessCpuTime();

    @Override
    public String toString() {
      return String.format(
          Locale.ROOT,
          "%.2f %.2f",
          (System.nanoTime() - begun) / 1e9,
          (SYSTEM.getProcessCpuTime() - processor) / 1e9);
    }
  }
}
