package io.quartet.gateway;

import io.quartet.service.Events;
import org.eclipse.microprofile.health.HealthCheck;
import org.eclipse.microprofile.health.HealthCheckResponse;
import org.eclipse.microprofile.health.Readiness;

/**
 * Ready once the newest checkpoints that were announced have been loaded or refused. It stays ready
 * when the broker goes away: what is in memory answers on.
 */
@Readiness
public class GatewayReadiness implements HealthCheck {
  private final ModelCatalog catalog;
  private final Events events;

  GatewayReadiness(ModelCatalog catalog, Events events) {
    this.catalog = catalog;
    this.events = events;
  }

  @Override
  public HealthCheckResponse call() {
    var response =
        HealthCheckResponse.named("models")
            .status(catalog.settled())
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
