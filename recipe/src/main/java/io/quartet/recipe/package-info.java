/** A run's hyper-parameters and data as one YAML document, validated before anything starts. */
@NullMarked
package io.quartet.recipe;

import org.jspecify.annotations.NullMarked;
