/** The gateway under load, beside the engine that it serves. */
@org.jspecify.annotations.NullMarked
package io.quartet.bench.gateway;
