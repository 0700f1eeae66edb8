package io.quartet.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.Probe;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.VolumeMount;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import io.quartet.k8s.Manifests.Workload;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class ManifestsTest {
  /** A StatefulSet's controller gives each pod this label. */
  private static final String ORDINAL = "apps.kubernetes.io/pod-index";

  static Stream<Manifests> everything() {
    return Stream.of(
        Manifests.raw("base"),
        Manifests.raw("overlays/strimzi"),
        Manifests.rendered("base"),
        Manifests.rendered("overlays/replicas"),
        Manifests.rendered("overlays/strimzi"));
  }

  static Stream<Manifests> services() {
    return Stream.of(
        Manifests.raw("base"),
        Manifests.rendered("base"),
        Manifests.rendered("overlays/replicas"),
        Manifests.rendered("overlays/strimzi"));
  }

  @ParameterizedTest
  @MethodSource("everything")
  void noResourceHasAFieldThatItsTypeDoesNotKnow(Manifests manifests) {
    List<HasMetadata> resources = manifests.resources();

    assertThat(resources).isNotEmpty();
    assertThat(resources.stream().flatMap(r -> StrictYaml.unknownFields(r).stream())).isEmpty();
  }

  @Test
  void aMisspeltFieldIsFound() {
    var resource =
        StrictYaml.resources(
            """
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: d}
            spec: {template: {spec: {containers: [{name: c, readinesProbe: {}}]}}}
            """);

    assertThat(StrictYaml.unknownFields(resource.get(0)))
        .containsExactly("Deployment/d.spec.template.spec.containers[0].readinesProbe");
  }

  @Test
  void stagesKeepTheirCheckpointsOnAVolumeAndTheOthersHoldNoState() {
    var manifests = Manifests.raw("base");

    assertThat(manifests.all(StatefulSet.class))
        .allSatisfy(
            set -> {
              assertThat(set.getSpec().getReplicas()).isEqualTo(1);
              assertThat(set.getSpec().getVolumeClaimTemplates())
                  .extracting(claim -> claim.getMetadata().getName())
                  .containsExactly("checkpoints");
            })
        .extracting(set -> set.getMetadata().getName())
        .containsExactlyInAnyOrder("base-service", "sft-service", "reward-service", "rl-learner");
    assertThat(manifests.all(Deployment.class))
        .extracting(deployment -> deployment.getMetadata().getName())
        .containsExactlyInAnyOrder("rl-rollout", "inference-gateway");
  }

  @ParameterizedTest
  @MethodSource("services")
  void everySelectorMatchesItsOwnPodsAndNoOthers(Manifests manifests) {
    assertThat(manifests.workloads())
        .hasSize(6)
        .allSatisfy(
            workload -> assertThat(workload.labels()).containsAllEntriesOf(workload.selector()));
    assertThat(manifests.all(Service.class))
        .allSatisfy(
            service ->
                assertThat(matching(manifests, service.getSpec().getSelector()))
                    .extracting(Workload::name)
                    .containsExactly(
                        service.getMetadata().getName().replace("-replicas", "-service")));
  }

  @ParameterizedTest
  @MethodSource("services")
  void everyPortOfAServiceIsANamedPortOfItsContainer(Manifests manifests) {
    assertThat(manifests.all(Service.class))
        .hasSize(8)
        .allSatisfy(
            service -> {
              Workload workload = matching(manifests, service.getSpec().getSelector()).get(0);
              assertThat(
                      service.getSpec().getPorts().stream()
                          .map(p -> p.getTargetPort().getStrVal() + " " + p.getPort()))
                  .containsExactlyElementsOf(
                      workload.container().getPorts().stream()
                          .map(p -> p.getName() + " " + p.getContainerPort())
                          .toList());
            });
  }

  @ParameterizedTest
  @MethodSource("services")
  void everyContainerIsProbedByItsRealStateAndBounded(Manifests manifests) {
    assertThat(manifests.workloads())
        .extracting(Workload::container)
        .allSatisfy(
            container -> {
              assertThat(probe(container.getStartupProbe())).isEqualTo("http/q/health/started");
              assertThat(probe(container.getLivenessProbe())).isEqualTo("http/q/health/live");
              assertThat(probe(container.getReadinessProbe())).isEqualTo("http/q/health/ready");
              assertThat(container.getPorts())
                  .extracting(ContainerPort::getName)
                  .contains("http")
                  .doesNotHaveDuplicates();
              assertThat(container.getResources().getRequests()).containsKeys("cpu", "memory");
              assertThat(container.getResources().getLimits())
                  .containsEntry("memory", container.getResources().getRequests().get("memory"));
            });
  }

  @ParameterizedTest
  @MethodSource("services")
  void everyPodIsUnprivilegedAndWritesToItsVolumesOnly(Manifests manifests) {
    assertThat(manifests.workloads())
        .allSatisfy(
            workload -> {
              var pod = workload.template().getSpec();
              assertThat(pod.getAutomountServiceAccountToken()).isFalse();
              assertThat(pod.getSecurityContext().getRunAsNonRoot()).isTrue();
              assertThat(pod.getSecurityContext().getRunAsUser()).isEqualTo(10001L);
              assertThat(pod.getSecurityContext().getSeccompProfile().getType())
                  .isEqualTo("RuntimeDefault");
              var security = workload.container().getSecurityContext();
              assertThat(security.getReadOnlyRootFilesystem()).isTrue();
              assertThat(security.getAllowPrivilegeEscalation()).isFalse();
              assertThat(security.getCapabilities().getDrop()).containsExactly("ALL");
              assertThat(workload.container().getVolumeMounts())
                  .filteredOn(mount -> !Boolean.TRUE.equals(mount.getReadOnly()))
                  .extracting(VolumeMount::getMountPath)
                  .containsExactly("/var/lib/quartet", "/var/cache/quartet", "/tmp");
            });
  }

  @ParameterizedTest
  @MethodSource("services")
  void theGatewayHasKeysAndACertificateAndSpeaksNoPlainText(Manifests manifests) {
    Workload gateway =
        manifests.workloads().stream()
            .filter(workload -> workload.name().equals("inference-gateway"))
            .findFirst()
            .orElseThrow();
    var container = gateway.container();
    Map<String, String> secrets =
        gateway.template().getSpec().getVolumes().stream()
            .filter(volume -> volume.getSecret() != null)
            .collect(
                Collectors.toMap(
                    volume ->
                        container.getVolumeMounts().stream()
                            .filter(mount -> mount.getName().equals(volume.getName()))
                            .findFirst()
                            .orElseThrow()
                            .getMountPath(),
                    volume -> volume.getSecret().getSecretName()));

    assertThat(secrets)
        .containsOnly(
            Map.entry("/etc/quartet/keys", "gateway-keys"),
            Map.entry("/etc/quartet/tls", "gateway-tls"));
    assertThat(environment(container.getEnv()))
        .containsEntry("QUARTET_GATEWAY_KEYS", "/etc/quartet/keys/keys.yaml")
        .containsEntry("QUARKUS_TLS_KEY_STORE_PEM_GATEWAY_CERT", "/etc/quartet/tls/tls.crt")
        .containsEntry("QUARKUS_TLS_KEY_STORE_PEM_GATEWAY_KEY", "/etc/quartet/tls/tls.key")
        .containsEntry("QUARKUS_GRPC_SERVER_PLAIN_TEXT", "false")
        .containsEntry("QUARKUS_HTTP_INSECURE_REQUESTS", "disabled");
    assertThat(
            Stream.of(
                container.getStartupProbe(),
                container.getLivenessProbe(),
                container.getReadinessProbe()))
        .extracting(probe -> probe.getHttpGet().getScheme())
        .containsOnly("HTTPS");
  }

  @ParameterizedTest
  @MethodSource("services")
  void everyServiceThatHandsOutCheckpointsAdvertisesItsOwnName(Manifests manifests) {
    var services = manifests.all(Service.class);

    assertThat(manifests.all(StatefulSet.class))
        .allSatisfy(
            set -> {
              String name = set.getMetadata().getName();
              int port =
                  services.stream()
                      .filter(service -> service.getMetadata().getName().equals(name))
                      .flatMap(service -> service.getSpec().getPorts().stream())
                      .filter(servicePort -> servicePort.getName().equals("grpc"))
                      .findFirst()
                      .orElseThrow()
                      .getPort();
              assertThat(
                      set.getSpec().getTemplate().getSpec().getContainers().get(0).getEnv().stream()
                          .filter(variable -> variable.getName().equals("QUARTET_ADVERTISED"))
                          .map(variable -> variable.getValue()))
                  .containsExactly(name + ":" + port);
            });
  }

  @ParameterizedTest
  @MethodSource("services")
  void replicasMeetTheFirstOfThemUnderItsOwnName(Manifests manifests) {
    assertThat(manifests.all(StatefulSet.class))
        .filteredOn(set -> environment(set).containsKey("WORLD_SIZE"))
        .hasSize(2)
        .allSatisfy(
            set -> {
              String name = set.getMetadata().getName();
              Service meeting = service(manifests, set.getSpec().getServiceName());
              assertThat(meeting.getSpec().getClusterIP()).isEqualTo("None");
              assertThat(meeting.getSpec().getSelector())
                  .isEqualTo(set.getSpec().getSelector().getMatchLabels());
              assertThat(environment(set))
                  .containsEntry("WORLD_SIZE", set.getSpec().getReplicas().toString())
                  .containsEntry("MASTER_ADDR", name + "-0." + meeting.getMetadata().getName());
              assertThat(service(manifests, name).getSpec().getSelector())
                  .containsEntry(ORDINAL, "0");
            });
  }

  private static Map<String, String> environment(StatefulSet set) {
    return environment(set.getSpec().getTemplate().getSpec().getContainers().get(0).getEnv());
  }

  private static Map<String, String> environment(List<EnvVar> variables) {
    return variables.stream().collect(Collectors.toMap(EnvVar::getName, EnvVar::getValue));
  }

  private static Service service(Manifests manifests, String name) {
    return manifests.all(Service.class).stream()
        .filter(service -> service.getMetadata().getName().equals(name))
        .findFirst()
        .orElseThrow();
  }

  static List<Workload> matching(Manifests manifests, Map<String, String> selector) {
    Map<String, String> ofTheTemplate = new HashMap<>(selector);
    ofTheTemplate.remove(ORDINAL);
    return manifests.workloads().stream()
        .filter(workload -> workload.labels().entrySet().containsAll(ofTheTemplate.entrySet()))
        .toList();
  }

  private static String probe(Probe probe) {
    return probe.getHttpGet().getPort().getStrVal() + probe.getHttpGet().getPath();
  }
}
