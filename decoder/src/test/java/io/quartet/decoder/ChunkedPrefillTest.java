package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.ModelConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Bits, not nearness: they are what a seed's answer hangs on. */
class ChunkedPrefillTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED;

  @TempDir Path folder;

  @ParameterizedTest
  @EnumSource
  void promptReadInPartsIsThePromptReadWhole(Precision precision) {
    TestModel.write(folder, CONFIG, 51);
    try (var session =
        DecoderSession.open(ModelFiles.of(folder).at(precision), new DecoderOptions(2, 2))) {
      session.reserve(2, CONFIG.contextLength());
      for (int length : new int[] {2, 3, 17, 18, 33, 34, 49, 97, 129, 200, 257, 300}) {
        int[] prompt = TestModel.tokens(CONFIG, length, length);
        float[] whole = logits(session, sequence(prompt), length);
        for (int most : new int[] {2, 3, 16, 17, 33, 64, 100, 161, 256}) {
          assertThat(logits(session, sequence(prompt), most))
              .as("%d tokens in parts of %d", length, most)
              .isEqualTo(whole);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void promptReadBesideOthersIsThePromptReadAlone(Precision precision) {
    TestModel.write(folder, CONFIG, 52);
    try (var session =
        DecoderSession.open(ModelFiles.of(folder).at(precision), new DecoderOptions(4, 2))) {
      session.reserve(4, CONFIG.contextLength());
      for (int length : new int[] {1, 2, 17, 33}) {
        int[] prompt = TestModel.tokens(CONFIG, length, length);
        float[] alone = logits(session, sequence(prompt), length);
        for (int other : new int[] {1, 2, 17, 33, 40}) {
          List<DecoderSession.Row> rows =
              List.of(
                  sequence(TestModel.tokens(CONFIG, other, 7)).promptRow(other),
                  sequence(prompt).promptRow(length));
          int head = session.forward(1, rows)[1];
          assertThat(logits(session, head))
              .as("%d tokens beside %d", length, other)
              .isEqualTo(alone);
        }
      }
    }
  }

  @Test
  void onlyThePartThatEndsThePromptGoesThroughTheHead() {
    Sequence sequence = sequence(TestModel.tokens(CONFIG, 200, 1));
    List<Integer> heads = new ArrayList<>();
    while (sequence.reading()) {
      DecoderSession.Row row = sequence.promptRow(64);
      heads.add(row.heads());
      sequence.readUpTo(row.to());
    }
    assertThat(heads).containsExactly(0, 0, 0, 1);
  }

  private static float[] logits(DecoderSession session, Sequence sequence, int most) {
    int head = -1;
    while (sequence.reading()) {
      DecoderSession.Row row = sequence.promptRow(most);
      head = session.forward(0, List.of(row))[0];
      sequence.readUpTo(row.to());
    }
    return logits(session, head);
  }

  private static float[] logits(DecoderSession session, int head) {
    float[] logits = new float[CONFIG.vocabularySize()];
    session.head().logits(head, logits);
    return logits;
  }

  private static Sequence sequence(int[] prompt) {
    return new Sequence(
        GenerationRequest.of(prompt, SamplingParams.greedy(1)),
        new Sequence.Terms("weights", 1, token -> false),
        new GenerationHandle(token -> {}),
        System::nanoTime);
  }
}
