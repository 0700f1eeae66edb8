package io.quartet.recipe;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.PathMatcher;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * Makes a recipe's data patterns absolute and sees that each has a file.
 *
 * @param folder what relative patterns count from
 */
record DataFiles(Path folder) {

  Recipe resolve(Recipe recipe) {
    DataSection data = recipe.data();
    return new Recipe(
        recipe.name(),
        recipe.stages(),
        recipe.seed(),
        recipe.threads(),
        recipe.precision(),
        recipe.recomputeActivations(),
        new DataSection(
            data.lessons(),
            all("documents", data.documents()),
            all("demonstrations", data.demonstrations()),
            all("comparisons", data.comparisons()),
            all("prompts", data.prompts()),
            data.badRows(),
            data.heldOutTail(),
            data.tokenizer()),
        recipe.model(),
        recipe.lora(),
        recipe.base(),
        recipe.sft(),
        recipe.reward(),
        recipe.rl(),
        recipe.evaluation(),
        recipe.serve());
  }

  private List<DataSource> all(String key, List<DataSource> sources) {
    return IntStream.range(0, sources.size())
        .mapToObj(
            i -> sources.get(i).at(one("data.%s[%d]".formatted(key, i), sources.get(i).files())))
        .toList();
  }

  private String one(String key, String pattern) {
    String absolute = pattern.startsWith("/") ? pattern : folder + "/" + pattern;
    int glob = firstGlob(absolute);
    boolean found =
        glob < 0
            ? Files.isRegularFile(Path.of(absolute))
            : matches(
                Path.of(absolute.substring(0, absolute.lastIndexOf('/', glob) + 1)), absolute);
    if (!found) {
      throw new QuartetException(
          ErrorCode.NOT_FOUND,
          "recipe: '%s': got '%s', expected a file, found none at %s"
              .formatted(key, pattern, absolute));
    }
    return absolute;
  }

  private static int firstGlob(String pattern) {
    return IntStream.range(0, pattern.length())
        .filter(i -> "*?[{".indexOf(pattern.charAt(i)) >= 0)
        .findFirst()
        .orElse(-1);
  }

  private static boolean matches(Path root, String pattern) {
    if (!Files.isDirectory(root)) {
      return false;
    }
    PathMatcher matcher = FileSystems.getDefault().getPathMatcher("glob:" + pattern);
    try (Stream<Path> files = Files.walk(root)) {
      return files.anyMatch(f -> matcher.matches(f) && Files.isRegularFile(f));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
