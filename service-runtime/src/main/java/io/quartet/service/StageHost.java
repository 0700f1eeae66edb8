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
 * none and only share the rest. Of several processes that train together the first runs it, and the
 * others follow.
 */
@ApplicationScoped
public class StageHost {
  private final Optional<StageCoordinator> coordinator;
  private final Optional<StageFollower> follower;

  /**
   * @param stages the service's stage, or nothing
   */
  public StageHost(
      Instance<TrainingStage> stages,
      CheckpointExchange exchange,
      Events events,
      ServiceConfig config,
      StageMetrics metrics) {
    Replica replica = Replica.of(System.getenv(), config.replicaDeadline());
    Optional<TrainingStage> stage = stages.stream().findFirst();
    coordinator =
        stage
            .filter(trained -> replica.leads())
            .map(trained -> replica.size() > 1 ? new ReplicatedStage(trained, replica) : trained)
            .map(
                trained ->
                    new StageCoordinator(
                        trained,
                        exchange,
                        events,
                        new StageJournal(config.home().resolve("journal"), trained.stage()),
                        metrics));
    follower =
        stage
            .filter(trained -> !replica.leads())
            .map(trained -> new StageFollower(trained, replica, exchange, events));
  }

  /**
   * The stage's coordinator.
   *
   * @throws QuartetException FAILED_PRECONDITION if this process trains nothing, or only follows
   */
  public StageCoordinator coordinator() {
    return coordinator.orElseThrow(
        () ->
            new QuartetException(
                FAILED_PRECONDITION,
                follower.isPresent()
                    ? "this process only follows the one of rank 0: ask that"
                    : "this process trains no stage"));
  }

  void start(@Observes StartupEvent event) {
    coordinator.ifPresent(StageCoordinator::start);
    follower.ifPresent(StageFollower::start);
  }

  void stop(@Observes ShutdownEvent event) {
    coordinator.ifPresent(StageCoordinator::close);
    follower.ifPresent(StageFollower::close);
  }
}
