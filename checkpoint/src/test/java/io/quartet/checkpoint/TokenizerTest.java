package io.quartet.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizerTest {
  @TempDir static Path directory;
  private static Tokenizer tokenizer;

  @BeforeAll
  static void load() {
    var texts = List.of("the quick brown fox jumps over the lazy dog, the dog sleeps on the rug.");
    TokenizerFiles.write(directory, new BpeTrainer(300).train(texts, Map.of(" fox", 100L)));
    tokenizer = Tokenizer.load(directory);
  }

  @AfterAll
  static void close() {
    tokenizer.close();
  }

  @Test
  void specialTokensSpelledInTextAreText() {
    int[] ids = tokenizer.encode("a<|end|>b");

    assertThat(ids).doesNotContain(SpecialTokens.END_ID);
    assertThat(tokenizer.decode(ids)).isEqualTo("a<|end|>b");
    assertThat(tokenizer.encodeWithSpecials("a<|end|>b")).contains(SpecialTokens.END_ID);
  }

  @Test
  void boostedWordIsOneToken() {
    assertThat(tokenizer.encode(" fox")).hasSize(1);
  }
}
