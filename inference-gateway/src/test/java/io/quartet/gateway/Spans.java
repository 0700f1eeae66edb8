package io.quartet.gateway;

import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.SpanProcessor;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import io.quarkus.test.junit.QuarkusTestProfile;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.util.Map;

/** A gateway whose spans stay in memory. */
public final class Spans implements QuarkusTestProfile {
  static final InMemorySpanExporter ENDED = InMemorySpanExporter.create();

  @Override
  public Map<String, String> getConfigOverrides() {
    return Map.of("quarkus.otel.sdk.disabled", "false");
  }

  /** Where they go, in every test's gateway whose SDK is on. */
  @Singleton
  static class Keeper {
    @Produces
    @Singleton
    SpanProcessor processor() {
      return SimpleSpanProcessor.create(ENDED);
    }
  }
}
