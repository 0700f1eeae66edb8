package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.FAILED_PRECONDITION;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.quartet.checkpoint.QuartetException;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Instance;
import java.util.Optional;

/**
 * Runs this process's {@link TrainingStage}, if it has one: a gateway and a rollout worker have
 * none and only share the rest.
 */
@ApplicationScoped
public class StageHost {
  private final Optional<StageCoordinator> coordinator;

  /**
   * @param stages the service's stage, or nothing
   */
  public StageHost(
      Instance<TrainingStage> stages,
      CheckpointExchange exchange,
      Events events,
      ServiceConfig config,
      StageMetrics metrics) {
    coordinator =
        stages.stream()
            .findFirst()
            .map(
                stage ->
                    new StageCoordinator(
                        stage,
                        exchange,
                        events,
                        new StageJournal(config.home().resolve("journal"), stage.stage()),
                        metrics));
  }

  /**
   * The stage's coordinator.
   *
   * @throws QuartetException FAILED_PRECONDITION if this process trains nothing
   */
  public StageCoordinator coordinator() {
    return coordinator.orElseThrow(
        () -> new QuartetException(FAILED_PRECONDITION, "this process trains no stage"));
  }

  void start(@Observes StartupEvent event) {
    coordinator.ifPresent(StageCoordinator::start);
  }

  void stop(@Observes ShutdownEvent event) {
    coordinator.ifPresent(StageCoordinator::close);
  }
}
