package io.quartet.bench.gateway;

import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/**
 * Readers that take a message now and then of answers that the decoder is done with long before.
 */
final class SlowReaders {
  private static final int TOKENS = 256;
  private static final int ROWS = 12;

  private final GatewayStack stack;
  private final SplittableRandom random = new SplittableRandom(5);

  SlowReaders(GatewayStack stack) {
    this.stack = stack;
  }

  void run(int readers, Duration length) throws IOException {
    System.out.println("| s | live heap, MB | resident, MB | tokens generated | taken |");
    System.out.println("|---:|---:|---:|---:|---:|");
    row(0, List.of());
    List<StreamedAnswer> answers =
        Stream.generate(
                () ->
                    StreamedAnswer.ask(
                        stack.channel(),
                        StreamedAnswer.request(Streams.PROMPT, TOKENS, random),
                        false))
            .limit(readers)
            .toList();
    long begun = System.nanoTime();
    long step = length.toNanos() / ROWS;
    for (int i = 1; i <= ROWS; i++) {
      while (System.nanoTime() < begun + i * step) {
        GatewayStack.pause(Duration.ofSeconds(2));
        answers.forEach(StreamedAnswer::take);
      }
      row(i * step / 1_000_000_000, answers);
    }
    answers.forEach(StreamedAnswer::leave);
    System.out.printf(
        "%d readers: %d left before their end, %d were refused%n",
        readers,
        ended(answers, Status.Code.CANCELLED),
        ended(answers, Status.Code.RESOURCE_EXHAUSTED));
  }

  private static long ended(List<StreamedAnswer> answers, Status.Code code) {
    return answers.stream()
        .filter(answer -> answer.end().join().status().getCode() == code)
        .count();
  }

  private void row(long seconds, List<StreamedAnswer> answers) throws IOException {
    System.out.printf(
        "| %d | %d | %d | %d | %d |%n",
        seconds,
        stack.liveHeap() >> 20,
        stack.resident() >> 20,
        stack.generated(),
        answers.stream().mapToInt(StreamedAnswer::tokens).sum());
  }
}
