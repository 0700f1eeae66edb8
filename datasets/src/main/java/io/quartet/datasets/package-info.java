/**
 * What the four stages learn from: documents, demonstrations, comparisons and prompts, read from
 * files or made from a closed vocabulary of WordNet.
 */
@NullMarked
package io.quartet.datasets;

import org.jspecify.annotations.NullMarked;
