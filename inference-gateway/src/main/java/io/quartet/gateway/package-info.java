/** Serves the models that the stages announce over gRPC, side by side. */
@NullMarked
package io.quartet.gateway;

import org.jspecify.annotations.NullMarked;
