/** The gateway's HTTP edge: the surface that OpenAI's clients know, over the same answers. */
@NullMarked
package io.quartet.gateway.openai;

import org.jspecify.annotations.NullMarked;
