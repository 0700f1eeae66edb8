package io.quartet.cli;

import io.quartet.cli.stack.LocalStack;
import io.quartet.cli.stack.Ports;
import io.quartet.cli.stack.Scale;
import java.util.function.Consumer;
import picocli.CommandLine.Option;

/** How a stack that this command starts listens. */
final class StackOptions {
  @Option(
      names = "--port-base",
      paramLabel = "PORT",
      description =
          "The broker's port; the services' are up to 100 above it (default: $$QUARTET_PORT_BASE, else 19092).",
      defaultValue = "${env:QUARTET_PORT_BASE:-" + Ports.DEFAULT_BASE + "}",
      showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
  private int portBase = Ports.DEFAULT_BASE;

  @Option(
      names = "--host",
      paramLabel = "ADDRESS",
      description = "Address to listen on (default: $$QUARTET_HOST, else 127.0.0.1).",
      defaultValue = "${env:QUARTET_HOST:-" + Ports.LOOPBACK + "}",
      showDefaultValue = picocli.CommandLine.Help.Visibility.NEVER)
  private String host = Ports.LOOPBACK;

  @Option(
      names = "--rollout-workers",
      paramLabel = "N",
      description = "Processes that sample for RL (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private int rolloutWorkers = 1;

  @Option(
      names = "--base-replicas",
      paramLabel = "N",
      description = "Processes that train the base model together (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private int baseReplicas = 1;

  @Option(
      names = "--sft-replicas",
      paramLabel = "N",
      description = "Processes that fine-tune together (default: ${DEFAULT-VALUE}).",
      defaultValue = "1")
  private int sftReplicas = 1;

  LocalStack stack(Workspace workspace, Consumer<String> say) {
    var scale = new Scale(rolloutWorkers, baseReplicas, sftReplicas);
    return LocalStack.of(workspace, new Ports(host, portBase), scale, say);
  }
}
