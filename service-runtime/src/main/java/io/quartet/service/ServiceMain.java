package io.quartet.service;

import io.quarkus.runtime.Quarkus;
import io.quarkus.runtime.annotations.QuarkusMain;
import io.quartet.checkpoint.QuartetException;
import io.smallrye.config.SmallRyeConfig;
import java.util.ServiceLoader;
import org.eclipse.microprofile.config.ConfigProvider;
import org.jspecify.annotations.Nullable;

/**
 * Starts a service, or says in one line why it cannot and exits with 1. What can be wrong from the
 * outside is checked before anything runs: a gRPC port that is taken would else leave a service
 * that nobody can reach.
 */
@QuarkusMain
public final class ServiceMain {
  ServiceMain() {} // Quarkus makes it a bean

  /**
   * The process's entry point.
   *
   * @param arguments none are read; configuration comes from properties and the environment
   */
  public static void main(String... arguments) {
    try {
      var config = ConfigProvider.getConfig().unwrap(SmallRyeConfig.class);
      ServiceChecks.check(config);
      ServiceLoader.load(StartCheck.class).forEach(own -> own.check(config));
    } catch (RuntimeException e) {
      exit(1, e);
    }
    Quarkus.run(null, ServiceMain::exit, arguments);
  }

  private static void exit(int code, @Nullable Throwable failure) {
    if (failure != null) {
      Throwable root = failure;
      while (root.getCause() != null && !(root instanceof QuartetException)) {
        root = root.getCause();
      }
      System.err.println("error: " + Failures.firstLine(root));
    }
    // Not System.exit: on SIGTERM the shutdown is under way already, and it would wait for itself.
    if (failure != null) {
      Runtime.getRuntime().halt(code == 0 ? 1 : code);
    }
  }
}
