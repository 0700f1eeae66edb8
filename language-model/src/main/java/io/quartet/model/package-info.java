/**
 * The transformer, its losses and its training loop, on libtorch.
 *
 * <p>Modules register their weights under Hugging Face's names, so a model's named parameters are
 * the keys of its safetensors file. A step is one {@link org.bytedeco.javacpp.PointerScope}, opened
 * by the loop ({@link io.quartet.model.Workers}); the modules and the losses open none.
 *
 * <p>Letters in names give a tensor's shape: B rows of a batch, T tokens of a row, N = B·T tokens,
 * D model width, H query heads, K key and value heads, C channels of a head, F feed-forward width,
 * V vocabulary, R tokens that are trained or read, S sequences.
 */
@NullMarked
package io.quartet.model;

import org.jspecify.annotations.NullMarked;
