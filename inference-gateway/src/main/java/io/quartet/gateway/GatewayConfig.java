package io.quartet.gateway;

import io.quarkus.runtime.configuration.MemorySize;
import io.quartet.decoder.Precision;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.OptionalInt;

/** How much the gateway takes on. */
@ConfigMapping(prefix = "quartet.gateway")
public interface GatewayConfig {
  /** Answers of one model that grow at the same time. */
  @WithDefault("16")
  int slots();

  /** The most tokens of a prompt and its answer, where a model would take more. */
  OptionalInt context();

  /** Requests of one model that wait for a slot; one more is RESOURCE_EXHAUSTED. */
  @WithDefault("64")
  int waiting();

  /** Tokens, about, of the prompts and answers of one model that wait for a slot. */
  @WithDefault("65536")
  long waitingTokens();

  /** How long answers under way may take to end when the gateway is to stop. */
  @WithDefault("PT30S")
  Duration drain();

  /** Threads of computation of one model; by default the processors. */
  OptionalInt threads();

  /** Whether nothing else runs on these processors, so that waiting threads may stay awake. */
  @WithDefault("false")
  boolean dedicatedCores();

  /** What a model's matrices are held in: {@code fp32}, {@code int8} or {@code int4}. */
  @WithDefault("fp32")
  Precision precision();

  /**
   * What each model keeps of the prompts that it has read, so that a shared system prompt and the
   * earlier turns of a chat are not computed again.
   */
  @WithDefault("128M")
  MemorySize prefixCache();

  /**
   * What the models together may hold in memory; by default three quarters of what the container or
   * the machine has beside the heap. The least recently used goes first.
   */
  Optional<MemorySize> memory();

  /** The API keys, as {@code quartet key create} writes them; without them anybody may ask. */
  Optional<Path> keys();

  /** Whether a mesh in front of the gateway terminates TLS, so that it needs none itself. */
  @WithDefault("false")
  boolean tlsByMesh();
}
