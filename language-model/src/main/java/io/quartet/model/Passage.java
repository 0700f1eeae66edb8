package io.quartet.model;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What every block needs to know about a batch, as tensors of one step.
 *
 * @param rows B
 * @param length T
 * @param tokensN token ids
 * @param turns rotary turns of queries and keys, complex [N, 1, C/2]
 * @param mask 0 where a token may look, −∞ elsewhere, in the precision of the scores; [B, 1, T, T]
 *     in fp32, [B, T, T] in bf16; null where {@code flash} is not
 * @param flash the kernels that need no mask; null where there are none
 * @param dropout of what a block adds; adapters have a share of their own
 */
record Passage(
    long rows,
    long length,
    Tensor tokensN,
    Tensor turns,
    @Nullable Tensor mask,
    @Nullable FlashAttention flash,
    Dropout dropout) {}
