package io.quartet.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Every key that a recipe may have, as full paths.
 *
 * @param paths for example {@code sft.learning_rate}
 */
record RecipeKeys(List<String> paths) {

  static RecipeKeys of(ObjectNode complete) {
    List<String> paths = new ArrayList<>();
    collect("", complete, paths);
    return new RecipeKeys(List.copyOf(paths));
  }

  private static void collect(String prefix, JsonNode node, List<String> paths) {
    node.properties()
        .forEach(
            e -> {
              paths.add(prefix + e.getKey());
              collect(prefix + e.getKey() + ".", e.getValue(), paths);
            });
  }

  /** Lays a document's values over a complete one; lists and values replace, sections merge. */
  void lay(JsonNode changes, ObjectNode complete) {
    lay("", changes, complete);
  }

  private void lay(String prefix, JsonNode changes, ObjectNode complete) {
    changes
        .properties()
        .forEach(
            e -> {
              String path = prefix + e.getKey();
              JsonNode known = complete.get(e.getKey());
              if (known == null) {
                throw RecipeReader.invalid(
                    "unknown key '%s', nearest is '%s'".formatted(path, nearest(path)));
              }
              if (known instanceof ObjectNode section && e.getValue().isObject()) {
                lay(path + ".", e.getValue(), section);
              } else {
                complete.set(e.getKey(), e.getValue());
              }
            });
  }

  /** The known key most like this one: a neighbour in its own section before others. */
  String nearest(String path) {
    return paths.stream().min(Comparator.comparingDouble(p -> distance(path, p))).orElseThrow();
  }

  private static double distance(String asked, String known) {
    String askedKey = asked.substring(asked.lastIndexOf('.') + 1);
    String knownKey = known.substring(known.lastIndexOf('.') + 1);
    String askedSection = asked.substring(0, asked.length() - askedKey.length());
    String knownSection = known.substring(0, known.length() - knownKey.length());
    double key =
        abbreviates(askedKey, knownKey)
            ? 0.2
            : (double) edits(askedKey, knownKey) / Math.max(askedKey.length(), knownKey.length());
    double section = askedSection.equals(knownSection) ? 0 : 0.25;
    return key + section + 0.01 * edits(askedSection, knownSection);
  }

  /** Whether a short key is made of the starts of a long key's words: {@code lr}, {@code clip}. */
  private static boolean abbreviates(String asked, String known) {
    StringBuilder initials = new StringBuilder();
    for (String word : known.split("_")) {
      initials.append(word.charAt(0));
      if (word.equals(asked)) {
        return true;
      }
    }
    return initials.toString().equals(asked);
  }

  /** Levenshtein's distance. */
  private static int edits(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int substitution = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substitution, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
