package io.quartet.datasets;

import io.quartet.recipe.DataShape;
import java.util.function.Function;
import java.util.function.Predicate;

/**
 * One of the shapes that a kind of data comes in.
 *
 * @param columns what recognises it, in words
 * @param fits whether a row has those columns
 * @param parse reads a row; throws {@link BadRow}
 */
record Form<T>(
    DataShape shape, String columns, Predicate<JsonRow> fits, Function<JsonRow, T> parse) {}
