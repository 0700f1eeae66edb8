package io.quartet.cli.stack;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Workspace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What has to be so before a stack can start. */
record StartChecks(Workspace workspace, Ports ports, List<Member> members) {
  /**
   * Checks all of it.
   *
   * @throws QuartetException FAILED_PRECONDITION if something is not built, a stack is up already
   *     or a port is taken
   */
  void require() {
    requireBuilt();
    requireNoneRunning();
    requireFreePorts();
  }

  private void requireBuilt() {
    for (Member member : members) {
      Path application = workspace.installation().resolve(member.application());
      if (!Files.exists(application)) {
        throw new QuartetException(
            ErrorCode.FAILED_PRECONDITION,
            "%s is not built: no %s; run ./mvnw -DskipTests package"
                .formatted(member.module(), application));
      }
    }
  }

  private void requireNoneRunning() {
    for (StackProcess process : StackProcess.list(workspace)) {
      if (process.alive()) {
        throw new QuartetException(
            ErrorCode.FAILED_PRECONDITION,
            "a stack is up in %s already (%s, process %d): end it with ./quartet down"
                .formatted(workspace.home(), process.name(), process.pid()));
      }
    }
  }

  private void requireFreePorts() {
    ports.requireFree(ports.base(), "the broker");
    ports.requireFree(ports.controller(), "the broker's controller");
    for (Member member : members) {
      ports.requireFree(member.grpc(), member.name() + "'s gRPC");
      ports.requireFree(member.http(), member.name() + "'s health and metrics");
      if (member.leads()) {
        ports.requireFree(member.meetingPort(), member.name() + "'s replicas");
      }
    }
  }
}
