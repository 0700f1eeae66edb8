package io.quartet.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recipes and data in files: what a path counts from. */
class RecipeFilesTest {
  @Test
  void dataPatternsCountFromTheRecipesFolder(@TempDir Path folder) throws Exception {
    Files.createDirectories(folder.resolve("text/deep"));
    Files.writeString(folder.resolve("text/deep/a.txt"), "words");
    Path file = folder.resolve("mine.yaml");
    Files.writeString(file, "data: {documents: ['text/**.txt']}\n");

    assertThat(Recipe.read(file).data().documents())
        .containsExactly(DataSource.of(folder + "/text/**.txt"));
  }

  @Test
  void anEntryOfDataIsAPathOrSaysHowToReadIt() {
    Recipe recipe =
        Recipe.parse(
            """
            data:
              demonstrations:
                - chats.jsonl
                - files: "more/*.parquet"
                  shape: sharegpt
                  where: lang = 'en' AND score > 3
                  columns: {conversations: turns}
              bad_rows: 10
            """);

    assertThat(recipe.data().demonstrations())
        .containsExactly(
            DataSource.of("chats.jsonl"),
            new DataSource(
                "more/*.parquet",
                Optional.of(DataShape.SHAREGPT),
                Optional.of("lang = 'en' AND score > 3"),
                Map.of("conversations", "turns")));
    assertThat(recipe.data().badRows()).isEqualTo(10);
    assertThat(Recipe.parse(recipe.yaml())).isEqualTo(recipe);
  }

  @Test
  void anEntrysFilesCountFromTheRecipesFolderToo(@TempDir Path folder) throws Exception {
    Files.writeString(folder.resolve("a.jsonl"), "{}");
    Path file = folder.resolve("mine.yaml");
    Files.writeString(file, "data: {demonstrations: [{files: '*.jsonl', shape: alpaca}]}\n");

    assertThat(Recipe.read(file).data().demonstrations())
        .containsExactly(
            new DataSource(
                folder + "/*.jsonl", Optional.of(DataShape.ALPACA), Optional.empty(), Map.of()));
  }

  @Test
  void aPatternWithoutAFileIsNotFound(@TempDir Path folder) throws Exception {
    Path file = folder.resolve("mine.yaml");
    Files.writeString(file, "data: {prompts: [none.jsonl]}\n");

    assertThatThrownBy(() -> Recipe.read(file))
        .isInstanceOf(QuartetException.class)
        .hasMessage(
            "recipe: 'data.prompts[0]': got 'none.jsonl', expected a file, found none at %s",
            folder + "/none.jsonl");
  }

  @Test
  void aMissingRecipeIsNotFound(@TempDir Path folder) {
    assertThatThrownBy(() -> Recipe.read(folder.resolve("none.yaml")))
        .hasMessage("cannot read %s: no such file or folder", folder.resolve("none.yaml"))
        .extracting(e -> ((QuartetException) e).code())
        .isEqualTo(ErrorCode.NOT_FOUND);
  }
}
