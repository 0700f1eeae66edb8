/** The first stage: a tokenizer and a language model from running text. */
@NullMarked
package io.quartet.base;

import org.jspecify.annotations.NullMarked;
