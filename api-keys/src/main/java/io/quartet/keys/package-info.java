/** API keys: how one is made, how it is kept, and how it is recognised. */
@NullMarked
package io.quartet.keys;

import org.jspecify.annotations.NullMarked;
