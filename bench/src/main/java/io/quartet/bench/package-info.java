/** Quartet beside its peers, in one run on one machine. */
@NullMarked
package io.quartet.bench;

import org.jspecify.annotations.NullMarked;
