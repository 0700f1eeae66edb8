package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.BpeVocabulary;
import io.quartet.checkpoint.SpecialTokens;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AnswerTextTest {
  @TempDir Path directory;
  Tokenizer tokenizer;

  @BeforeEach
  void byteTokenizer() {
    TokenizerFiles.write(
        directory, new BpeTrainer(BpeVocabulary.FIRST_MERGE).train(List.of("a"), Map.of()));
    tokenizer = Tokenizer.load(directory);
  }

  @AfterEach
  void free() {
    tokenizer.close();
  }

  @Test
  void aCharacterComesWholeOrNotYet() {
    var text = new AnswerText(tokenizer, List.of(), false);

    assertThat(pieces(text, tokenizer.encode("é🌍!"))).containsExactly("é", "🌍", "!");
  }

  @Test
  void chatTextHasNoWhiteSpaceAroundItAndKeepsWhatIsWithin() {
    var text = new AnswerText(tokenizer, List.of(), true);

    assertThat(pieces(text, tokenizer.encode(" \n a  b \n"))).containsExactly("a", "  b");
  }

  @Test
  void rawTextIsLeftAsItIs() {
    var text = new AnswerText(tokenizer, List.of(), false);

    assertThat(String.join("", pieces(text, tokenizer.encode(" a \n")))).isEqualTo(" a \n");
  }

  @Test
  void specialTokensAndPaddedIdsAreNoText() {
    var text = new AnswerText(tokenizer, List.of(), false);

    assertThat(pieces(text, SpecialTokens.END_ID, tokenizer.vocabularySize() + 3)).isEmpty();
  }

  @Test
  void aStopStringEndsTheTextBeforeIt() {
    var text = new AnswerText(tokenizer, List.of("🌍"), true);

    assertThat(pieces(text, tokenizer.encode("é 🌍!"))).containsExactly("é");
    assertThat(text.stopped()).isTrue();
  }

  @Test
  void aCharacterThatIsNeverCompletedIsShownAsBroken() {
    var text = new AnswerText(tokenizer, List.of(), false);
    int[] globe = tokenizer.encode("🌍");

    assertThat(pieces(text, globe[0], globe[1])).containsExactly("�");
  }

  private static List<String> pieces(AnswerText text, int... tokens) {
    List<String> pieces = new ArrayList<>();
    for (int token : tokens) {
      pieces.add(text.push(token));
    }
    pieces.add(text.flush());
    pieces.removeIf(String::isEmpty);
    return pieces;
  }
}
