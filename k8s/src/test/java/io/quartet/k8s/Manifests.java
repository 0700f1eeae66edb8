package io.quartet.k8s;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Stream;

/** A set of resources: the files of a folder as they are, or what kustomize makes of them. */
record Manifests(String name, Supplier<List<HasMetadata>> source) {

  /** A StatefulSet or Deployment, reduced to what both have. */
  record Workload(String name, Map<String, String> selector, PodTemplateSpec template) {
    Map<String, String> labels() {
      return template.getMetadata().getLabels();
    }

    Container container() {
      return template.getSpec().getContainers().get(0);
    }
  }

  /** The files of a folder, kustomize's own left out. */
  static Manifests raw(String folder) {
    return new Manifests(
        "files of " + folder,
        () ->
            files(Path.of(folder)).stream()
                .flatMap(file -> StrictYaml.resources(read(file)).stream())
                .toList());
  }

  /** What {@code kubectl kustomize} renders; the calling test is skipped without kubectl. */
  static Manifests rendered(String folder) {
    return new Manifests("rendered " + folder, () -> StrictYaml.resources(render(folder)));
  }

  static List<Path> files(Path folder) {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(file -> file.toString().endsWith(".yaml"))
          .filter(file -> !file.endsWith("kustomization.yaml"))
          .sorted()
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode kustomization(String folder) {
    return StrictYaml.documents(read(Path.of(folder, "kustomization.yaml"))).get(0);
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  List<HasMetadata> resources() {
    return source.get();
  }

  <T extends HasMetadata> List<T> all(Class<T> type) {
    return resources().stream().filter(type::isInstance).map(type::cast).toList();
  }

  List<Workload> workloads() {
    return resources().stream().flatMap(resource -> workload(resource).stream()).toList();
  }

  @Override
  public String toString() {
    return name;
  }

  private static List<Workload> workload(HasMetadata resource) {
    if (resource instanceof StatefulSet set) {
      return List.of(
          new Workload(
              set.getMetadata().getName(),
              set.getSpec().getSelector().getMatchLabels(),
              set.getSpec().getTemplate()));
    }
    if (resource instanceof Deployment deployment) {
      return List.of(
          new Workload(
              deployment.getMetadata().getName(),
              deployment.getSpec().getSelector().getMatchLabels(),
              deployment.getSpec().getTemplate()));
    }
    return List.of();
  }

  private static String render(String folder) {
    assumeTrue(kubectl("version", "--client").contains("Kustomize Version: v5"), "kubectl is here");
    return kubectl("kustomize", folder);
  }

  private static String kubectl(String... arguments) {
    var command = Stream.concat(Stream.of("kubectl"), Stream.of(arguments)).toList();
    try {
      var process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String output = new String(process.getInputStream().readAllBytes(), UTF_8);
      if (process.waitFor() != 0) {
        throw new IllegalStateException(command + ": " + output);
      }
      return output;
    } catch (IOException e) {
      assumeTrue(false, "no kubectl: " + e.getMessage());
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }
}
