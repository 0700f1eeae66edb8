/**
 * The {@code quartet} command: one class a subcommand, thin over {@code stack}, {@code run}, {@code
 * report}.
 */
@NullMarked
package io.quartet.cli;

import org.jspecify.annotations.NullMarked;
