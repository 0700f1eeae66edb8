package io.quartet.cli.stack;

import io.quartet.cli.Workspace;
import java.util.ArrayList;
import java.util.List;
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
 */
record Member(String name, String module, int heap, int grpc, int http, List<String> properties) {
  static final String BROKER = "kafka";
  static final String ROLLOUT = "rl-rollout";
  static final String GATEWAY = "inference-gateway";
  static final int MOST_ROLLOUT_WORKERS = 8;

  static List<Member> all(Ports ports, int rolloutWorkers) {
    List<Member> members = new ArrayList<>();
    members.add(service("base-service", 768, ports, 18));
    members.add(service("sft-service", 640, ports, 28));
    members.add(service("reward-service", 768, ports, 38));
    members.add(
        new Member(
            "rl-learner",
            "rl-service",
            640,
            ports.at(48),
            ports.at(49),
            List.of("-Dquartet.rl.role=learner")));
    members.add(service(GATEWAY, 384, ports, 68));
    IntStream.range(0, rolloutWorkers).forEach(i -> members.add(rollout(ports, i)));
    return List.copyOf(members);
  }

  private static Member service(String name, int heap, Ports ports, int offset) {
    return new Member(name, name, heap, ports.at(offset), ports.at(offset + 1), List.of());
  }

  private static Member rollout(Ports ports, int i) {
    return new Member(
        i == 0 ? ROLLOUT : ROLLOUT + "-" + (i + 1),
        "rl-service",
        512,
        ports.at(79 + i),
        ports.at(59 + i),
        List.of("-Dquartet.rl.role=rollout"));
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
