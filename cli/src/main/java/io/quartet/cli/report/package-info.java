/**
 * A run's report: {@code report.json} for programs, a self-contained {@code report.html} for
 * people.
 */
@NullMarked
package io.quartet.cli.report;

import org.jspecify.annotations.NullMarked;
