/** A run as its events tell it: submitting, following, keeping, drawing. */
@NullMarked
package io.quartet.cli.run;

import org.jspecify.annotations.NullMarked;
