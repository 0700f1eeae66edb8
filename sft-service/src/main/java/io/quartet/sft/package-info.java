/** The second stage: a base model learns to answer by imitating demonstrations. */
@NullMarked
package io.quartet.sft;

import org.jspecify.annotations.NullMarked;
