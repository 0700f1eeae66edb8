/**
 * A model on disk: a Hugging Face folder (configuration, safetensors, tokenizer, chat template)
 * with the record of how it was trained, published atomically under an id.
 */
@NullMarked
package io.quartet.checkpoint;

import org.jspecify.annotations.NullMarked;
