package io.quartet.base;

import io.quartet.recipe.Recipe;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** What tests of the stage train. */
abstract class BaseStageFixture {
  static final Recipe TINY =
      Recipe.parse(
          Recipe.committedYaml("tiny")
              .replace("steps: 150", "steps: 30")
              .replace("snapshot_every: 40", "snapshot_every: 10"));

  @TempDir Path folder;
}
