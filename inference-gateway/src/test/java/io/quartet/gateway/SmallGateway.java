package io.quartet.gateway;

import io.quarkus.test.common.QuarkusTestResourceLifecycleManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;

/** A gateway with room for two answers and two that wait, in a folder of its own. */
public final class SmallGateway implements QuarkusTestResourceLifecycleManager {
  public static final int SLOTS = 2;
  public static final int WAITING = 2;

  private Path home;

  @Override
  public Map<String, String> start() {
    try {
      home = Files.createTempDirectory("quartet-gateway");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Map.of(
        "quartet.home", home.resolve("gateway").toString(),
        "quartet.gateway.slots", Integer.toString(SLOTS),
        "quartet.gateway.waiting", Integer.toString(WAITING),
        "quartet.gateway.threads", "1");
  }

  @Override
  public void stop() {
    try (var tree = Files.walk(home)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(path);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
