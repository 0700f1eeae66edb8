package io.quartet.model;

import java.util.OptionalLong;
import org.bytedeco.pytorch.Tensor;

/**
 * What every block needs to know about a batch, as tensors of one step.
 *
 * @param rows B
 * @param length T
 * @param tokensN token ids
 * @param turns rotary turns of queries and keys, complex [N, 1, C/2]
 * @param mask 0 where a token may look, −∞ elsewhere, in the precision of the scores; [B, 1, T, T]
 *     in fp32, [B, T, T] in bf16
 * @param dropoutSeed what the dropout of adapters is drawn from; empty for none
 */
record Passage(
    long rows, long length, Tensor tokensN, Tensor turns, Tensor mask, OptionalLong dropoutSeed) {}
