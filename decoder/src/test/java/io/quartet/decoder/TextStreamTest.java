package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.SpecialTokens;
import io.quartet.checkpoint.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextStreamTest {
  @TempDir Path folder;
  private Tokenizer tokenizer;

  @BeforeEach
  void load() {
    TestModel.writeTokenizer(folder);
    tokenizer = Tokenizer.load(folder);
  }

  @AfterEach
  void close() {
    tokenizer.close();
  }

  @Test
  void textWithoutStopStringsComesWhole() {
    assertThat(stream("naïve 🦊!").pieces).containsExactly("n", "a", "ï", "v", "e", " ", "🦊", "!");
  }

  @Test
  void stopStringEndsTheTextAndNothingOfItIsSeen() {
    Answer answer = stream("one\nUser: two", "\nUser:");
    assertThat(answer.text()).isEqualTo("one");
    assertThat(answer.stopped).isTrue();
  }

  @Test
  void beginningOfAStopStringIsSeenOnceItIsNone() {
    Answer answer = stream("ab abc abd", "abd!");
    assertThat(answer.text()).isEqualTo("ab abc abd");
    assertThat(answer.stopped).isFalse();
    assertThat(answer.pieces).contains("abc").endsWith("abd");
  }

  @Test
  void earliestOfSeveralStopStringsCounts() {
    assertThat(stream("xxabcd", "bcd", "abcd").text()).isEqualTo("xx");
    assertThat(stream("xxabcd", "d", "bc").text()).isEqualTo("xxa");
  }

  @Test
  void stopStringMayBeginAgainWithinItself() {
    assertThat(stream("aaab", "aab").text()).isEqualTo("a");
  }

  @Test
  void specialTokensAreNoText() {
    var stream = new TextStream(tokenizer, List.of("<"));
    assertThat(stream.push(SpecialTokens.END_ID)).isEmpty();
    assertThat(stream.stopped()).isFalse();
  }

  @Test
  void characterThatIsNeverCompletedIsReplacedAtTheEnd() {
    var stream = new TextStream(tokenizer, List.of());
    int firstByteOfTwo = tokenizer.encode("ï")[0];
    assertThat(stream.push(firstByteOfTwo)).isEmpty();
    assertThat(stream.flush()).isEqualTo("\ufffd");
    assertThat(stream.flush()).isEmpty();
  }

  /** What a reader sees piece by piece when every byte is a token of its own. */
  private Answer stream(String text, String... stop) {
    var stream = new TextStream(tokenizer, List.of(stop));
    List<String> pieces = new ArrayList<>();
    for (int token : tokenizer.encode(text)) {
      pieces.add(stream.push(token));
    }
    pieces.add(stream.flush());
    pieces.removeIf(String::isEmpty);
    return new Answer(pieces, stream.stopped());
  }

  private record Answer(List<String> pieces, boolean stopped) {
    String text() {
      return String.join("", pieces);
    }
  }
}
