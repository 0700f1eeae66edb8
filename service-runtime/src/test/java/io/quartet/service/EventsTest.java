package io.quartet.service;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.quartet.v1.PolicyPublished;
import io.quartet.v1.RunSubmitted;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.config.ConfigResource;
import org.junit.jupiter.api.Test;

class EventsTest {
  @Test
  void aBrokerThatComesLateGetsEverythingInOrder() throws Exception {
    try (var broker = EmbeddedBroker.stopped();
        var events = new Events(broker.bootstrap(), (short) 1)) {
      var seen = new CopyOnWriteArrayList<String>();
      events.follow(Topic.RUNS, run -> seen.add(run.getRun()));
      events.publish(Topic.RUNS, run("a"));
      var last = events.publish(Topic.RUNS, run("b"));
      assertThat(events.connected()).isFalse();

      broker.start();
      last.get(30, SECONDS);

      await().until(() -> seen.size() == 2);
      assertThat(seen).containsExactly("a", "b");
      assertThat(events.connected()).isTrue();
      topicsKeepWhatTheirReadersNeed(broker);
      aFollowerBeginsWhereItIsTold(events);
      anOutageLosesNothing(broker, events, seen);
    }
  }

  private static void topicsKeepWhatTheirReadersNeed(EmbeddedBroker broker) throws Exception {
    try (var admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrap()))) {
      var runs = new ConfigResource(ConfigResource.Type.TOPIC, "quartet.runs");
      var progress = new ConfigResource(ConfigResource.Type.TOPIC, "quartet.progress");
      var configs = admin.describeConfigs(List.of(runs, progress)).all().get();
      assertThat(configs.get(runs).get("cleanup.policy").value()).isEqualTo("compact");
      assertThat(configs.get(progress).get("retention.ms").value()).isEqualTo("604800000");
    }
  }

  private static void aFollowerBeginsWhereItIsTold(Events events) throws Exception {
    for (long version = 0; version < 3; version++) {
      events
          .publish(
              Topic.POLICIES,
              PolicyPublished.newBuilder().setRun("r").setPolicyVersion(version).build())
          .get(10, SECONDS);
    }
    var seen = new CopyOnWriteArrayList<Long>();
    var follower =
        events.follow(
            Topic.POLICIES, 1, (offset, policy) -> seen.add(offset + policy.getPolicyVersion()));
    follower.caughtUp().get(10, SECONDS);
    follower.close();
    assertThat(seen).containsExactly(2L, 4L);
  }

  private static void anOutageLosesNothing(EmbeddedBroker broker, Events events, List<String> seen)
      throws Exception {
    broker.halt();
    await().atMost(20, SECONDS).until(() -> !events.connected());
    var published = events.publish(Topic.RUNS, run("c"));
    broker.start();
    published.get(60, SECONDS);
    await().atMost(30, SECONDS).until(() -> seen.size() == 3);
    assertThat(seen).containsExactly("a", "b", "c");
  }

  private static RunSubmitted run(String name) {
    return RunSubmitted.newBuilder().setRun(name).build();
  }
}
