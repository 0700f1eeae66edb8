package io.quartet.gateway;

import io.quartet.service.Events;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready once the newest checkpoints that were announced have been loaded or refused. It stays ready
 * when the broker goes away, since what is in memory answers on, until it is to stop.
 */
@Readiness
public class GatewayReadiness implements HealthCheck {
  private final ModelCatalog catalog;
  private final Intake intake;
  private final Events events;

  GatewayReadiness(ModelCatalog catalog, Intake intake, Events events) {
    this.catalog = catalog;
    this.intake = intake;
    this.events = events;
  }

  @Override
  public HealthCheckResponse call() {
    var response =
        HealthCheckResponse.named("models")
            .status(catalog.settled() && !intake.closed())
            .withData("kafka", events.connected() ? "connected" : "away");
    catalog
        .list()
        .forEach(
            model ->
                model
                    .getAliasesList()
                    .forEach(alias -> response.withData(alias, model.getCheckpointId())));
    return response.build();
  }
}
