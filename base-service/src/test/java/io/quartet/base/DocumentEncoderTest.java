package io.quartet.base;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.BpeTrainer;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.checkpoint.TokenizerFiles;
import io.quartet.recipe.Recipe;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DocumentEncoderTest {
  private static final String[] PIECES = {
    "word ",
    "two words",
    "\n",
    "\n\n",
    "\r\n",
    "  ",
    "\t",
    "12345",
    "...",
    "!?\n",
    "caf\u00e9",
    "\ud83d\ude42"
  };

  @TempDir private Path folder;

  @Test
  void aLongTextHasTheSameTokensInPartsAsAtOnce() {
    var random = new Random(3);
    var text = new StringBuilder();
    while (text.length() < 5 * DocumentEncoder.PART) {
      text.append(PIECES[random.nextInt(PIECES.length)]);
    }
    TokenizerFiles.write(folder, new BpeTrainer(320).train(List.of(text.toString()), Map.of()));
    try (Tokenizer tokenizer = Tokenizer.load(folder)) {
      ModelConfig config = Recipe.committed("tiny").model().config(tokenizer.vocabularySize());
      List<int[]> parts = new ArrayList<>();

      new DocumentEncoder(tokenizer, config).encode(text.toString(), parts::add);

      assertThat(parts).hasSizeGreaterThan(4); // two of them the ends of the text
      int[] whole = tokenizer.encode(text.toString());
      int[] joined = parts.stream().flatMapToInt(Arrays::stream).toArray();
      assertThat(joined[0]).isEqualTo(config.beginTokenId());
      assertThat(joined[joined.length - 1]).isEqualTo(config.endTokenId());
      assertThat(Arrays.copyOfRange(joined, 1, joined.length - 1)).isEqualTo(whole);
    }
  }
}
