package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class LongDocumentsTest {
  private static final int[] TOKENS = IntStream.range(100, 127).toArray();

  @Test
  void everyTokenButTheFirstIsPredictedInExactlyOnePiece() {
    for (int first = 1; first <= 8; first++) {
      List<TokenSequence> pieces = LongDocuments.pieces(TOKENS, 8, first);

      assertThat(predicted(pieces)).isEqualTo(IntStream.range(101, 127).boxed().toList());
      assertThat(pieces).allMatch(piece -> piece.length() <= 9);
      assertThat(pieces.get(0).length()).isEqualTo(first + 1);
    }
  }

  @Test
  void everyTokenButTheFirstIsPredictedInExactlyOneWindowFromALongContext() {
    for (int stride = 1; stride <= 8; stride++) {
      List<TokenSequence> windows = LongDocuments.windows(TOKENS, 8, stride);

      assertThat(predicted(windows)).isEqualTo(IntStream.range(101, 127).boxed().toList());
      for (TokenSequence window : windows) {
        assertThat(window.length()).isLessThanOrEqualTo(9);
        int begins = window.token(0) - 100;
        for (int i = 1; i < window.length(); i++) {
          int context = window.weight(i) > 0 ? i : Integer.MAX_VALUE;
          assertThat(context).isGreaterThanOrEqualTo(Math.min(begins + i, 8 - stride + 1));
        }
      }
    }
  }

  @Test
  void aShortDocumentIsOneWindowAndOnePiece() {
    int[] two = {1, 2};

    assertThat(predicted(LongDocuments.windows(two, 8, 4))).containsExactly(2);
    assertThat(predicted(LongDocuments.pieces(two, 8, 5))).containsExactly(2);
  }

  private static List<Integer> predicted(List<TokenSequence> sequences) {
    List<Integer> targets = new ArrayList<>();
    for (TokenSequence sequence : sequences) {
      for (int i = 1; i < sequence.length(); i++) {
        if (sequence.weight(i) > 0) {
          targets.add(sequence.token(i));
        }
      }
    }
    return targets;
  }
}
