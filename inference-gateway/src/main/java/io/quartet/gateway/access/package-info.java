/** Who may ask, how much, and over which connections. */
@NullMarked
package io.quartet.gateway.access;

import org.jspecify.annotations.NullMarked;
