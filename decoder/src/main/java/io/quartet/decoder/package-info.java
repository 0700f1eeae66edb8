/**
 * Generation and scoring from a checkpoint: the forward pass as an ONNX graph, a key-value cache
 * that is written in place, and requests that join and leave one running batch.
 */
@NullMarked
package io.quartet.decoder;

import org.jspecify.annotations.NullMarked;
