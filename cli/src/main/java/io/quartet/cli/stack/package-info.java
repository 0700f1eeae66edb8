/** The local stack: the broker and the services as processes of this machine. */
@NullMarked
package io.quartet.cli.stack;

import org.jspecify.annotations.NullMarked;
