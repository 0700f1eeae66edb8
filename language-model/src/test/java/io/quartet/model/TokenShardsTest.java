package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenShardsTest {
  private static final int SHARD = 1000;

  @TempDir private Path folder;

  @ParameterizedTest
  @ValueSource(ints = {300, 1 << 16, (1 << 16) + 1, 1 << 18})
  void documentsComeBackAsTheyWereWrittenAcrossShards(int vocabulary) throws Exception {
    var random = new Random(vocabulary);
    List<int[]> documents = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      documents.add(random.ints(random.nextInt(200), 0, vocabulary).toArray());
    }
    documents.add(new int[] {vocabulary - 1});

    write(vocabulary, documents);
    TokenShards shards = TokenShards.open(folder.resolve("s"), SHARD);

    assertThat(shards.documents()).isEqualTo(documents.size());
    assertThat(shards.tokens()).isEqualTo(documents.stream().mapToInt(d -> d.length).sum());
    assertThat(IntStream.range(0, shards.documents()).mapToObj(shards::document))
        .usingElementComparator(Arrays::compare)
        .containsExactlyElementsOf(documents);
    int width = vocabulary <= 1 << 16 ? 2 : 4;
    assertThat(Files.size(folder.resolve("s/tokens-00000.bin"))).isEqualTo((long) SHARD * width);
  }

  @Test
  void noDocumentsAreFineToo() {
    write(300, List.of());
    assertThat(TokenShards.open(folder.resolve("s"), SHARD).documents()).isZero();
  }

  @Test
  void aShortFileIsDataLoss() throws Exception {
    write(300, List.of(new int[] {1, 2, 3}));
    Path file = folder.resolve("s/tokens-00000.bin");
    Files.write(file, Arrays.copyOf(Files.readAllBytes(file), 5));

    assertThatThrownBy(() -> TokenShards.open(folder.resolve("s"), SHARD))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_LOSS))
        .hasMessageContaining("5 bytes for 3 tokens");
  }

  private void write(int vocabulary, List<int[]> documents) {
    try (var writer = new TokenShardWriter(folder.resolve("s"), vocabulary, SHARD)) {
      for (int[] document : documents) {
        int half = document.length / 2;
        writer.add(Arrays.copyOfRange(document, 0, half));
        writer.add(Arrays.copyOfRange(document, half, document.length));
        writer.endDocument();
      }
    }
  }
}
