package io.quartet.cli.stack;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Workspace;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The broker, the five services and the rollout workers as processes of this machine. Whoever
 * starts it owns it: the owner's end is the stack's end, unless it is left up.
 */
public final class LocalStack implements AutoCloseable {
  private static final Duration START_TIMEOUT = Duration.ofMinutes(3);
  private static final Duration STOP_GRACE = Duration.ofSeconds(8);
  private static final int BROKER_HEAP = 384;
  private static final int RESTARTS = 3;

  private final Workspace workspace;
  private final StackFile description;
  private final Readiness readiness;
  private final Consumer<String> say;
  private final Map<String, StackProcess> processes = new LinkedHashMap<>();
  private final Map<String, Integer> restarts = new HashMap<>();
  private @Nullable Watchdog watchdog;
  private boolean closed;

  private LocalStack(Workspace workspace, StackFile description, Consumer<String> say) {
    this.workspace = workspace;
    this.description = description;
    this.readiness = new Readiness(workspace, description.ports());
    this.say = say;
  }

  /**
   * A stack that is not started yet: {@link #start} does it, so that a shutdown hook can already
   * close it.
   *
   * @param say takes one line about each thing that happens
   */
  public static LocalStack of(Workspace workspace, Ports ports, Scale scale, Consumer<String> say) {
    return new LocalStack(workspace, new StackFile(ports.host(), ports.base(), scale), say);
  }

  /** The same with one process for each stage. */
  public static LocalStack of(
      Workspace workspace, Ports ports, int rolloutWorkers, Consumer<String> say) {
    return of(workspace, ports, Scale.of(rolloutWorkers), say);
  }

  /** The stack that is up in this data directory, left there by an earlier command. */
  public static Optional<LocalStack> running(Workspace workspace) {
    List<StackProcess> listed = StackProcess.list(workspace);
    return StackFile.read(workspace)
        .filter(d -> listed.stream().anyMatch(p -> isBroker(p) && p.alive()))
        .map(
            d -> {
              LocalStack stack = new LocalStack(workspace, d, line -> {});
              listed.forEach(p -> stack.processes.put(p.name(), p));
              return stack;
            });
  }

  /** What is left of a stack in this data directory, if any of it is alive, to be closed. */
  public static Optional<LocalStack> leftOver(Workspace workspace) {
    List<StackProcess> listed = StackProcess.list(workspace);
    if (listed.stream().noneMatch(StackProcess::alive)) {
      return Optional.empty();
    }
    StackFile description =
        StackFile.read(workspace)
            .orElse(new StackFile(Ports.LOOPBACK, Ports.DEFAULT_BASE, Scale.of(1)));
    LocalStack stack = new LocalStack(workspace, description, line -> {});
    listed.forEach(p -> stack.processes.put(p.name(), p));
    return Optional.of(stack);
  }

  private static boolean isBroker(StackProcess process) {
    return process.name().equals(Member.BROKER);
  }

  /** Where the stack listens. */
  public Ports ports() {
    return description.ports();
  }

  /** host:port of the gateway's gRPC. */
  public String gateway() {
    Member gateway =
        members().stream().filter(m -> m.name().equals(Member.GATEWAY)).findFirst().orElseThrow();
    return ports().host() + ":" + gateway.grpc();
  }

  private List<Member> members() {
    return Member.all(ports(), description.scale());
  }

  /**
   * Starts every process at once and returns when all are ready.
   *
   * @throws QuartetException FAILED_PRECONDITION if something is not built, a stack is up already
   *     or a port is taken, with nothing started; UNAVAILABLE if a process ends or does not get
   *     ready, with its log
   */
  public void start() throws InterruptedException {
    new StartChecks(workspace, ports(), members()).require();
    Workspace.create(workspace.processes());
    Workspace.create(workspace.logs());
    synchronized (this) {
      requireOpen();
      description.write(workspace);
      StackProcess.list(workspace).forEach(p -> p.forget(workspace));
      watchdog = Watchdog.start(workspace);
      // The broker takes longest, and services wait for it by themselves.
      launch(Member.BROKER);
      members().forEach(m -> launch(m.name()));
    }
    awaitReady();
  }

  private void requireOpen() {
    if (closed) {
      throw new QuartetException(ErrorCode.CANCELLED, "interrupted");
    }
  }

  private void launch(String name) {
    Optional<Member> member = members().stream().filter(m -> m.name().equals(name)).findFirst();
    List<String> command =
        member.map(m -> m.command(workspace, ports())).orElseGet(this::brokerCommand);
    Map<String, String> environment = member.map(Member::environment).orElse(Map.of());
    Workspace.create(workspace.data(name));
    processes.put(name, StackProcess.start(name, command, environment, workspace));
  }

  private List<String> brokerCommand() {
    List<String> command = new ArrayList<>(Jvm.command(BROKER_HEAP));
    command.addAll(
        List.of(
            "-cp",
            System.getProperty("java.class.path"),
            Broker.class.getName(),
            workspace.data(Member.BROKER).toString(),
            ports().host(),
            Integer.toString(ports().base())));
    return command;
  }

  private void awaitReady() throws InterruptedException {
    long deadline = System.nanoTime() + START_TIMEOUT.toNanos();
    List<Member> waiting = new ArrayList<>(members());
    boolean broker = false;
    while (!broker || !waiting.isEmpty()) {
      synchronized (this) {
        requireOpen();
        for (StackProcess process : processes.values()) {
          if (!process.alive()) {
            throw ended(process, "before it was ready");
          }
        }
      }
      broker = broker || readiness.broker();
      waiting.removeIf(readiness::service);
      if (System.nanoTime() > deadline) {
        String name = broker ? waiting.get(0).name() : Member.BROKER;
        throw new QuartetException(
            ErrorCode.UNAVAILABLE,
            "%s was not ready after %d seconds: %s; see %s"
                .formatted(name, START_TIMEOUT.toSeconds(), LogTail.cause(log(name)), log(name)));
      }
      Thread.sleep(100);
    }
  }

  /**
   * Looks after the processes: an owned one that ended is started again, a few times; its work
   * continues from its last snapshot.
   *
   * @throws QuartetException UNAVAILABLE if a process keeps ending, or if the broker of a stack
   *     that another command left up is gone; CANCELLED once the stack is closed
   */
  public synchronized void check() {
    requireOpen();
    for (StackProcess process : List.copyOf(processes.values())) {
      if (process.alive()) {
        continue;
      }
      if (watchdog == null) {
        if (isBroker(process)) {
          throw ended(process, "while it was needed");
        }
        continue;
      }
      int times = restarts.merge(process.name(), 1, Integer::sum);
      if (times > RESTARTS) {
        throw ended(process, times + " times");
      }
      say.accept("%s ended; it is started again".formatted(process.name()));
      launch(process.name());
    }
  }

  private QuartetException ended(StackProcess process, String when) {
    Path log = log(process.name());
    return new QuartetException(
        ErrorCode.UNAVAILABLE,
        "%s ended %s: %s; see %s".formatted(process.name(), when, LogTail.cause(log), log));
  }

  private Path log(String name) {
    return workspace.logs().resolve(name + ".log");
  }

  /** A process and how it is, for people. */
  public record Line(String name, long pid, String address, String state) {}

  /** Every process, the broker first. */
  public synchronized List<Line> lines() {
    List<Line> lines = new ArrayList<>();
    StackProcess broker = processes.get(Member.BROKER);
    if (broker != null) {
      lines.add(line(broker, ports().bootstrap(), readiness.broker()));
    }
    for (Member member : members()) {
      StackProcess process = processes.get(member.name());
      if (process != null) {
        String address = "%s:%d  http %d".formatted(ports().host(), member.grpc(), member.http());
        lines.add(line(process, address, process.alive() && readiness.service(member)));
      }
    }
    return lines;
  }

  private static Line line(StackProcess process, String address, boolean ready) {
    String state = !process.alive() ? "ended" : ready ? "ready" : "not ready";
    return new Line(process.name(), process.pid(), address, state);
  }

  /** Leaves every process up when this command ends. */
  public synchronized void leave() {
    closed = true;
    if (watchdog != null) {
      watchdog.leave();
      watchdog = null;
    }
  }

  /** Ends every process, the broker last, by force if they take too long. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    List<StackProcess> services = processes.values().stream().filter(p -> !isBroker(p)).toList();
    StackProcess.end(services, STOP_GRACE);
    StackProcess.end(processes.values().stream().filter(LocalStack::isBroker).toList(), STOP_GRACE);
    processes.values().forEach(p -> p.forget(workspace));
    if (watchdog != null) {
      watchdog.leave();
      watchdog = null;
    }
  }
}
