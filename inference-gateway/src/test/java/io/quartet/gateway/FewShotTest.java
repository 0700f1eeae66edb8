package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.QuartetException;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class FewShotTest {
  @Test
  void thingsOfOneLineStandOnALineEach() {
    var shots = new FewShot("Colours:", List.of("red", " green\n"));

    assertThat(shots.separator()).isEqualTo("\n");
    assertThat(shots.prompt()).isEqualTo("Colours:\n\nred\ngreen\n");
  }

  @Test
  void thingsOfSeveralLinesAreSeparatedByWhatNoneOfThemHas() {
    assertThat(new FewShot("", List.of("a\nb", "c")).prompt()).isEqualTo("a\nb\n\nc\n\n");
    assertThat(new FewShot("", List.of("a\n\nb", "c")).prompt())
        .isEqualTo("a\n\nb\n\n---\n\nc\n\n---\n\n");
    assertThat(new FewShot("", List.of("a\n\n---\n\nb", "c\n\n----", "-- d")).separator())
        .isEqualTo("\n\n-----\n\n");
  }

  @Test
  void aRuleThatWouldBeRepeatedTooOftenIsRefused() {
    String rule = "-".repeat(1000);

    assertThat(new FewShot("", List.of("a\n\n" + rule, "b")).separator()).hasSize(1005);
    assertThatThrownBy(
            () ->
                new FewShot(
                    "",
                    Stream.concat(Stream.of("a\n\n" + rule), Collections.nCopies(16, "b").stream())
                        .toList()))
        .isInstanceOf(QuartetException.class)
        .hasMessage(
            "examples: 17085 characters to tell them apart, expected at most 16384; one has a long"
                + " rule");
  }

  @Test
  void noExamplesAndEmptyOnesAreRefused() {
    assertThatThrownBy(() -> new FewShot("", List.of()))
        .isInstanceOf(QuartetException.class)
        .hasMessage("examples: found 0, expected 1 to 256");
    assertThatThrownBy(() -> new FewShot("", List.of("a", " ")))
        .hasMessage("example 2: empty, expected text");
  }
}
