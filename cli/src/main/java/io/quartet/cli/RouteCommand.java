package io.quartet.cli;

import io.quartet.v1.Route;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(
    name = "route",
    description = "Say which checkpoints a stage's name stands for at the gateway, or list it.",
    mixinStandardHelpOptions = true)
final class RouteCommand implements Callable<Integer> {
  @Parameters(
      index = "0",
      arity = "0..1",
      paramLabel = "NAME",
      description = "base, sft or rl; without it all are listed.")
  private @Nullable String alias;

  @Option(
      names = "--pin",
      paramLabel = "ID",
      description = "The checkpoint that it stands for (default: the stage's newest).",
      defaultValue = "")
  private String pinned = "";

  @Option(
      names = "--canary",
      paramLabel = "ID",
      description = "A checkpoint that takes a share of the requests (default: none).",
      defaultValue = "")
  private String canary = "";

  @Option(
      names = "--percent",
      paramLabel = "N",
      description = "The canary's share, 1 to 100.",
      defaultValue = "0")
  private int percent;

  @Mixin private final GatewayOptions asked = new GatewayOptions();

  @Mixin private final WorkspaceOptions where = new WorkspaceOptions();

  private final Console console;

  RouteCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() {
    try (Gateway gateway = asked.open(where.workspace())) {
      if (alias != null) {
        gateway.route(
            Route.newBuilder()
                .setAlias(alias)
                .setPinned(pinned)
                .setCanary(canary)
                .setCanaryPercent(percent)
                .build());
      }
      gateway.routes().forEach(route -> console.line(line(route)));
    }
    return 0;
  }

  private static String line(Route route) {
    String share =
        route.getCanary().isEmpty()
            ? ""
            : ", %d %% to %s".formatted(route.getCanaryPercent(), route.getCanary());
    String stable = route.getPinned().isEmpty() ? "the newest" : route.getPinned();
    return "%-5s %s%s".formatted(route.getAlias(), stable, share);
  }
}
