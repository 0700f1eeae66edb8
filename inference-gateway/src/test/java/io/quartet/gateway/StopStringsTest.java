package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StopStringsTest {

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 100})
  void nothingOfAStopStringIsLetOutHoweverTheTextIsCut(int size) {
    assertThat(read(new StopStrings(List.of("\nUser:", "###")), "Hello.\n\nUser: hi ###", size))
        .isEqualTo("Hello.\n");
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 100})
  void whatOnlyBeganLikeAStopStringIsText(int size) {
    assertThat(read(new StopStrings(List.of("abcd", "bcx")), "ababc abc", size))
        .isEqualTo("ababc abc");
  }

  @Test
  void theEarliestStopStringWins() {
    var stops = new StopStrings(List.of("late", "early"));

    assertThat(stops.push("an early and a late one")).isEqualTo("an ");
    assertThat(stops.matched()).isTrue();
  }

  @Test
  void textIsHeldBackOnlyWhileItMayBeAStopString() {
    var stops = new StopStrings(List.of("xyz"));

    assertThat(List.of(stops.push("ax"), stops.push("y"), stops.push("a"), stops.push("b")))
        .containsExactly("a", "", "xya", "b");
  }

  private static String read(StopStrings stops, String text, int size) {
    var read = new StringBuilder();
    for (int from = 0; from < text.length(); from += size) {
      read.append(stops.push(text.substring(from, Math.min(text.length(), from + size))));
    }
    return read.append(stops.flush()).toString();
  }
}
