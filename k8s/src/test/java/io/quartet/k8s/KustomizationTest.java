package io.quartet.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.strimzi.api.kafka.model.kafka.Kafka;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KustomizationTest {

  @ParameterizedTest
  @ValueSource(strings = {"base", "overlays/replicas", "overlays/strimzi"})
  void namesExactlyTheFilesOfItsFolderAndNoUnknownKey(String folder) throws IOException {
    JsonNode kustomization = Manifests.kustomization(folder);

    assertThat(keys(kustomization))
        .isSubsetOf(
            Set.of(
                "apiVersion",
                "kind",
                "namespace",
                "resources",
                "images",
                "configMapGenerator",
                "patches"));
    var named =
        StreamSupport.stream(kustomization.get("resources").spliterator(), false)
            .map(JsonNode::asText)
            .toList();
    assertThat(named).allSatisfy(name -> assertThat(Path.of(folder, name)).exists());
    assertThat(named.stream().filter(name -> name.endsWith(".yaml")))
        .containsExactlyInAnyOrderElementsOf(
            Manifests.files(Path.of(folder)).stream()
                .map(f -> f.getFileName().toString())
                .toList());
  }

  @Test
  void everyWorkloadReadsTheGeneratedSettings() {
    JsonNode generator = Manifests.kustomization("base").get("configMapGenerator").get(0);

    assertThat(Manifests.raw("base").workloads())
        .allSatisfy(
            workload ->
                assertThat(workload.container().getEnvFrom().get(0).getConfigMapRef().getName())
                    .isEqualTo(generator.get("name").asText()));
  }

  @Test
  void theStrimziOverlayPointsEveryServiceAtItsBroker() {
    var manifests = Manifests.rendered("overlays/strimzi");

    ConfigMap settings = manifests.all(ConfigMap.class).get(0);
    String broker = manifests.all(Kafka.class).get(0).getMetadata().getName();
    assertThat(settings.getData())
        .containsEntry("QUARTET_KAFKA_BOOTSTRAP", broker + "-kafka-bootstrap:9092")
        .containsEntry("QUARTET_HOME", "/var/lib/quartet");
    assertThat(manifests.workloads())
        .allSatisfy(
            workload ->
                assertThat(workload.container().getEnvFrom().get(0).getConfigMapRef().getName())
                    .isEqualTo(settings.getMetadata().getName()));
  }

  @Test
  void theTopicsThatMustNeverForgetAreCompacted() {
    assertThat(
            Manifests.raw("overlays/strimzi").all(KafkaTopic.class).stream()
                .filter(
                    topic -> "compact".equals(topic.getSpec().getConfig().get("cleanup.policy")))
                .map(topic -> topic.getMetadata().getName()))
        .containsExactly(
            "quartet.runs", "quartet.checkpoints", "quartet.policies", "quartet.routes");
  }

  @Test
  void anImageIsBuiltFromEachDockerfileWithoutTheNetwork() throws IOException {
    var images =
        StreamSupport.stream(Manifests.kustomization("base").get("images").spliterator(), false)
            .map(image -> image.get("name").asText().replace("quartet/", ""))
            .toList();

    assertThat(dockerfiles().stream().map(file -> file.getFileName().toString()))
        .containsExactlyInAnyOrderElementsOf(
            images.stream().map(image -> image + ".Dockerfile").toList());
    assertThat(dockerfiles())
        .allSatisfy(
            file ->
                assertThat(Manifests.read(file).lines().filter(line -> !line.startsWith("#")))
                    .startsWith("ARG BASE", "FROM ${BASE}")
                    .contains("USER 10001:10001")
                    .noneMatch(line -> line.startsWith("RUN") || line.startsWith("ADD")));
  }

  @Test
  void everyContainerPortIsExposedByItsImage() throws IOException {
    assertThat(Manifests.raw("base").workloads())
        .allSatisfy(
            workload -> {
              String image = workload.container().getImage().replace("quartet/", "");
              String dockerfile = Manifests.read(Path.of("images", image + ".Dockerfile"));
              List<String> exposed =
                  dockerfile
                      .lines()
                      .filter(line -> line.startsWith("EXPOSE "))
                      .flatMap(line -> Stream.of(line.substring(7).split(" ")))
                      .toList();
              assertThat(
                      workload.container().getPorts().stream()
                          .map(port -> port.getContainerPort().toString()))
                  .isSubsetOf(exposed);
            });
  }

  private static List<Path> dockerfiles() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("images"))) {
      return files.sorted().toList();
    }
  }

  private static Set<String> keys(JsonNode node) {
    var keys = new TreeSet<String>();
    node.fieldNames().forEachRemaining(keys::add);
    return keys;
  }
}
