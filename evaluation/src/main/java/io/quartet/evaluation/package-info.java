/**
 * How good a model is, measured the same way after every stage: answers to questions about held-out
 * words, their gold scores, comparisons between models and between answers, all with intervals.
 */
@NullMarked
package io.quartet.evaluation;

import org.jspecify.annotations.NullMarked;
