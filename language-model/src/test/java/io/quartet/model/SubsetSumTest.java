package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SubsetSumTest {
  @Test
  void noOtherChoiceFillsMore() {
    for (int trial = 0; trial < 300; trial++) {
      var random = new Random(trial);
      int[] lengths = random.ints(random.nextInt(11), 1, 40).toArray();
      int room = random.nextInt(80);

      List<Integer> chosen = SubsetSum.within(room, lengths);

      assertThat(chosen).doesNotHaveDuplicates();
      assertThat(chosen.stream().mapToInt(i -> lengths[i]).sum()).isEqualTo(most(room, lengths));
    }
  }

  private static int most(int room, int... lengths) {
    int most = 0;
    for (int choice = 0; choice < 1 << lengths.length; choice++) {
      int sum = 0;
      for (int i = 0; i < lengths.length; i++) {
        sum += (choice >> i & 1) * lengths[i];
      }
      most = sum <= room ? Math.max(most, sum) : most;
    }
    return most;
  }

  @Test
  void longLengthsAreTakenBeforeShortOnesAndEarlyBeforeLate() {
    assertThat(SubsetSum.within(10, 4, 6, 5, 5, 10)).containsExactly(4);
    assertThat(SubsetSum.within(10, 4, 6, 5, 5)).containsExactly(1, 0);
    assertThat(SubsetSum.within(5, 3, 2, 3, 2)).containsExactly(0, 1);
    assertThat(SubsetSum.within(0, 1, 2)).isEmpty();
  }
}
