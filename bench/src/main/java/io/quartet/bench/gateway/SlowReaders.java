package io.quartet.bench.gateway;

import io.grpc.Status;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** Readers that take a message now and then of answers as long as the context. */
final class SlowReaders {
  private final GatewayStack stack;
  private final SplittableRandom random = new SplittableRandom(5);

  SlowReaders(GatewayStack stack) {
    this.stack = stack;
  }

  void run(int readers, Duration length) throws IOException {
    System.out.println("| s | live heap, MB | resident, MB | tokens taken |");
    System.out.println("|---:|---:|---:|---:|");
    List<StreamedAnswer> answers = List.of();
    row(0, answers);
    int most = Weights.SHAPE.contextLength() - Streams.PROMPT;
    answers =
        Stream.generate(
                () ->
                    StreamedAnswer.ask(
                        stack.channel(),
                        StreamedAnswer.request(Streams.PROMPT, most, random),
                        false))
            .limit(readers)
            .toList();
    long begun = System.nanoTime();
    long step = length.toNanos() / 6;
    for (int i = 1; i <= 6; i++) {
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
        "| %d | %d | %d | %d |%n",
        seconds,
        stack.liveHeap() >> 20,
        stack.resident() >> 20,
        answers.stream().mapToInt(StreamedAnswer::tokens).sum());
  }
}
