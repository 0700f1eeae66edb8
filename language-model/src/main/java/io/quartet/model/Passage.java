package io.quartet.model;

import org.bytedeco.pytorch.Tensor;

/**
 * What every block needs to know about a batch, as tensors of one step.
 *
 * @param rows B
 * @param length T
 * @param tokensN token ids
 * @param queryTurns rotary turns of queries, scaled by 1/√C
 * @param keyTurns rotary turns of keys
 * @param maskB1TT 0 where a token may look, −∞ elsewhere, in the precision of the scores
 */
record Passage(
    long rows, long length, Tensor tokensN, Tensor queryTurns, Tensor keyTurns, Tensor maskB1TT) {}
