/** Talking to a model from a terminal. */
@NullMarked
package io.quartet.cli.chat;

import org.jspecify.annotations.NullMarked;
