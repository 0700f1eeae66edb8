package io.quartet.keys;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.OptionalInt;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class PlainKeyTest {
  private final PlainKey key = PlainKey.create(new SplittableRandom(1));

  @Test
  void aKeyIsRecognisedByWhatIsKeptOfItAndAnotherIsNot() {
    ApiKey kept = kept(key);
    String other = key.reveal().substring(0, 58) + (key.reveal().endsWith("A") ? "B" : "A");

    assertThat(PlainKey.parse(key.reveal()).orElseThrow().is(kept)).isTrue();
    assertThat(PlainKey.parse(other).orElseThrow().is(kept)).isFalse();
    assertThat(PlainKey.create(new SplittableRandom(2)).is(kept)).isFalse();
  }

  @Test
  void whatIsKeptAndWhatIsPrintedHasNothingOfTheSecret() {
    String secret = key.reveal().substring("qk_".length() + 12 + 1);

    assertThat(secret).hasSize(43);
    assertThat(kept(key).toString()).doesNotContain(secret);
    assertThat(key.toString()).isEqualTo("qk_" + key.id() + "_…");
  }

  @Test
  void whatHasNotTheFormOfAKeyIsNone() {
    for (String text : new String[] {"", "qk_", "sk-" + key.reveal(), key.reveal() + "x"}) {
      assertThat(PlainKey.parse(text)).as(text).isEmpty();
    }
  }

  private static ApiKey kept(PlainKey key) {
    return new ApiKey(
        key.id(),
        "alice",
        key.sha256(),
        OptionalInt.empty(),
        OptionalInt.empty(),
        Priority.INTERACTIVE,
        false);
  }
}
