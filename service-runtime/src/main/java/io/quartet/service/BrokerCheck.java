package io.quartet.service;

import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/** Ready means that the broker answers: without it a service hears of nothing. */
@Readiness
public class BrokerCheck implements HealthCheck {
  private final Events events;

  /**
   * @param events whose broker is asked
   */
  public BrokerCheck(Events events) {
    this.events = events;
  }

  @Override
  public HealthCheckResponse call() {
    return HealthCheckResponse.named("kafka")
        .status(events.connected())
        .withData("bootstrap", events.bootstrap())
        .build();
  }
}
