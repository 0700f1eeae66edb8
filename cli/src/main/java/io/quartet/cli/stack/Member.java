package io.quartet.cli.stack;

import io.quartet.cli.Workspace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;

/**
 * One service process of the stack.
 *
 * @param name of the process, its data folder and its log
 * @param module whose Quarkus application it runs
 * @param heap largest Java heap, in MiB; tensors live outside it
 * @param grpc port of its gRPC server
 * @param http port of health and metrics
 * @param properties what only this process is told
 * @param environment its place among those that train together
 */
record Member(
    String name,
    String module,
    int heap,
    int grpc,
    int http,
    List<String> properties,
    Map<String, String> environment) {
  private static final String RANK = "RANK";
  private static final String SIZE = "WORLD_SIZE";
  private static final String LEADER = "MASTER_ADDR";
  private static final String MEETING_PORT = "MASTER_PORT";
  static final Set<String> GROUP_VARIABLES = Set.of(RANK, SIZE, LEADER, MEETING_PORT);

  static final String BROKER = "kafka";
  static final String ROLLOUT = "rl-rollout";
  static final String GATEWAY = "inference-gateway";

  static List<Member> all(Ports ports, Scale scale) {
    List<Member> members = new ArrayList<>();
    members.addAll(replicas(Workspace.BASE, 768, ports, 18, scale.baseReplicas()));
    members.addAll(replicas(Workspace.SFT, 640, ports, 28, scale.sftReplicas()));
    members.add(service(Workspace.REWARD, 768, ports, 38));
    members.add(
        new Member(
            Workspace.LEARNER,
            "rl-service",
            640,
            ports.at(48),
            ports.at(49),
            List.of("-Dquartet.rl.role=learner"),
            Map.of()));
    members.add(service(GATEWAY, 384, ports, 68));
    IntStream.range(0, scale.rolloutWorkers()).forEach(i -> members.add(rollout(ports, i)));
    return List.copyOf(members);
  }

  private static Member service(String name, int heap, Ports ports, int offset) {
    return new Member(
        name, name, heap, ports.at(offset), ports.at(offset + 1), List.of(), Map.of());
  }

  /** Rank 0 has the service's own name and ports; the ports of the others follow upon them. */
  private static List<Member> replicas(String name, int heap, Ports ports, int offset, int count) {
    if (count == 1) {
      return List.of(service(name, heap, ports, offset));
    }
    return IntStream.range(0, count)
        .mapToObj(
            rank ->
                new Member(
                    rank == 0 ? name : name + "-" + rank,
                    name,
                    heap,
                    ports.at(offset + 2 * rank),
                    ports.at(offset + 2 * rank + 1),
                    List.of(),
                    Map.of(
                        RANK, Integer.toString(rank),
                        SIZE, Integer.toString(count),
                        LEADER, ports.host(),
                        MEETING_PORT,
                            Integer.toString(ports.at(offset + 2 * Scale.MOST_REPLICAS)))))
        .toList();
  }

  /** Whether others follow this process. */
  boolean leads() {
    return "0".equals(environment.get(RANK));
  }

  /** Where it meets those that follow it. */
  int meetingPort() {
    return Integer.parseInt(environment.getOrDefault(MEETING_PORT, "0"));
  }

  private static Member rollout(Ports ports, int i) {
    return new Member(
        i == 0 ? ROLLOUT : ROLLOUT + "-" + (i + 1),
        "rl-service",
        512,
        ports.at(79 + i),
        ports.at(59 + i),
        List.of("-Dquartet.rl.role=rollout"),
        Map.of());
  }

  /** The command line. */
  List<String> command(Workspace workspace, Ports ports) {
    List<String> command = new ArrayList<>(Jvm.command(heap));
    command.addAll(
        List.of(
            "-Dquarkus.http.host=" + ports.host(),
            "-Dquarkus.http.port=" + http,
            "-Dquarkus.grpc.server.host=" + ports.host(),
            "-Dquarkus.grpc.server.port=" + grpc,
            "-Dquarkus.banner.enabled=false",
            "-Dquartet.home=" + workspace.data(name),
            "-Dquartet.kafka.bootstrap=" + ports.bootstrap()));
    command.addAll(properties);
    command.add("-jar");
    command.add(workspace.installation().resolve(application()).toString());
    return command;
  }

  /** The application, from the installation's folder. */
  String application() {
    return module + "/target/quarkus-app/quarkus-run.jar";
  }
}
