package io.quartet.k8s;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.LabelSelector;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPeer;
import io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicyPort;
import io.quartet.k8s.Manifests.Workload;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Who may speak to whom. */
class NetworkPoliciesTest {
  @ParameterizedTest
  @MethodSource("io.quartet.k8s.ManifestsTest#services")
  void everyNetworkArrowLeadsBetweenPodsThatExist(Manifests manifests) {
    assertThat(manifests.all(NetworkPolicy.class))
        .allSatisfy(
            policy -> {
              var subjects =
                  ManifestsTest.matching(
                      manifests, policy.getSpec().getPodSelector().getMatchLabels());
              assertThat(subjects).isNotEmpty();
              assertThat(ingressPorts(policy))
                  .allSatisfy(
                      port ->
                          assertThat(subjects)
                              .allSatisfy(
                                  subject ->
                                      assertThat(subject.container().getPorts())
                                          .extracting(ContainerPort::getName)
                                          .contains(port)));
              assertThat(peers(policy))
                  .isSubsetOf(
                      Stream.concat(
                              manifests.workloads().stream().map(Workload::name),
                              Stream.of("quartet-cli"))
                          .toList());
            });
  }

  @ParameterizedTest
  @MethodSource("io.quartet.k8s.ManifestsTest#services")
  void everyArrowOutHasItsArrowIn(Manifests manifests) {
    var policies = manifests.all(NetworkPolicy.class);

    assertThat(policies.stream().filter(policy -> serviceEgress(policy).findAny().isPresent()))
        .isNotEmpty()
        .allSatisfy(
            policy ->
                assertThat(serviceEgress(policy))
                    .allSatisfy(
                        target ->
                            assertThat(policies)
                                .filteredOn(other -> other.getMetadata().getName().equals(target))
                                .singleElement()
                                .satisfies(
                                    other ->
                                        assertThat(serviceIngress(other))
                                            .contains(policy.getMetadata().getName()))));
  }

  private static Stream<String> ingressPorts(NetworkPolicy policy) {
    return policy.getSpec().getIngress().stream()
        .flatMap(rule -> rule.getPorts().stream())
        .map(NetworkPolicyPort::getPort)
        .map(port -> port.getStrVal());
  }

  private static List<String> peers(NetworkPolicy policy) {
    return Stream.concat(serviceIngress(policy), serviceEgress(policy)).toList();
  }

  private static Stream<String> serviceIngress(NetworkPolicy policy) {
    return policy.getSpec().getIngress().stream().flatMap(rule -> names(rule.getFrom()));
  }

  private static Stream<String> serviceEgress(NetworkPolicy policy) {
    return policy.getSpec().getEgress().stream().flatMap(rule -> names(rule.getTo()));
  }

  private static Stream<String> names(List<NetworkPolicyPeer> peers) {
    return peers.stream()
        .map(NetworkPolicyPeer::getPodSelector)
        .filter(Objects::nonNull)
        .map(LabelSelector::getMatchExpressions)
        .flatMap(List::stream)
        .flatMap(expression -> expression.getValues().stream());
  }
}
