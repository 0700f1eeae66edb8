package io.quartet.datasets;

/**
 * What an assistant said to a question.
 *
 * @param text without special tokens
 * @param ended whether it ended by itself rather than being cut off
 */
public record Answer(String text, boolean ended) {}
