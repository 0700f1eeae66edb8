package io.quartet.cli.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Logs;
import io.quartet.cli.Workspace;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The stack's processes with the real broker and stand-ins for the services. */
class LocalStackIT {
  private static final Ports PORTS = FreePorts.choose();

  @TempDir private Path folder;
  private final List<String> said = new CopyOnWriteArrayList<>();
  private Workspace workspace;

  @BeforeAll
  static void quietClients() {
    Logs.off();
  }

  @BeforeEach
  void install() throws Exception {
    workspace = new Workspace(folder, folder.resolve("home"), folder.resolve("runs"));
    for (Member member : Member.all(PORTS, Scale.of(1))) {
      Path application = folder.resolve(member.application());
      Files.createDirectories(application.getParent());
      writeJar(application);
    }
  }

  @Test
  void aStackStartsRepairsItselfAndLeavesNothingBehind() throws Exception {
    LocalStack stack = LocalStack.of(workspace, PORTS, 1, said::add);
    stack.start();
    assertThat(stack.lines()).hasSize(7).allMatch(l -> l.state().equals("ready"));
    assertThatThrownBy(() -> LocalStack.of(workspace, PORTS, 1, said::add).start())
        .isInstanceOf(QuartetException.class)
        .hasMessageContainingAll("a stack is up in", "./quartet down");

    process("rl-rollout").handle().orElseThrow().destroyForcibly();
    await(() -> !process("rl-rollout").alive());
    stack.check();

    await(() -> stack.lines().stream().allMatch(l -> l.state().equals("ready")));
    assertThat(said).containsExactly("rl-rollout ended; it is started again");

    List<StackProcess> all = StackProcess.list(workspace);
    stack.close();
    assertThat(all).hasSize(7).noneMatch(StackProcess::alive);
    assertThat(StackProcess.list(workspace)).isEmpty();
    assertThatThrownBy(stack::check).hasMessage("interrupted");
  }

  @Test
  void aServiceThatCannotStartIsNamedWithItsReasonAndItsLog() throws Exception {
    Files.createDirectories(workspace.data("sft-service"));
    Files.createFile(workspace.data("sft-service").resolve("broken"));

    try (LocalStack stack = LocalStack.of(workspace, PORTS, 1, said::add)) {
      assertThatThrownBy(stack::start)
          .isInstanceOf(QuartetException.class)
          .hasMessage(
              "sft-service ended before it was ready: 10:00:00 ERROR the disk is full; see %s",
              workspace.logs().resolve("sft-service.log"));
    }

    assertThat(StackProcess.list(workspace)).isEmpty();
  }

  @Test
  void aStackEndsWhenItsLauncherIsKilled() throws Exception {
    Process launcher =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx128m",
                "-Dquartet.installation=" + folder,
                "-cp",
                System.getProperty("java.class.path"),
                "io.quartet.cli.Quartet",
                "up",
                "--home=" + workspace.home(),
                "--port-base=" + PORTS.base())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("launcher.log").toFile())
            .start();
    await(() -> StackProcess.list(workspace).size() == 7);
    List<StackProcess> all = StackProcess.list(workspace);

    launcher.destroyForcibly().waitFor();

    await(() -> all.stream().noneMatch(StackProcess::alive));
    await(() -> StackProcess.list(workspace).isEmpty());
  }

  @Test
  void aStackThatWasLeftUpIsFoundAndEnded() throws Exception {
    LocalStack stack = LocalStack.of(workspace, PORTS, 2, said::add);
    stack.start();
    stack.leave();
    stack.close();

    LocalStack found = LocalStack.running(workspace).orElseThrow();

    assertThat(found.ports()).isEqualTo(PORTS);
    assertThat(found.lines()).hasSize(8).allMatch(l -> l.state().equals("ready"));
    LocalStack.leftOver(workspace).orElseThrow().close();
    assertThat(LocalStack.running(workspace)).isEmpty();
    assertThat(LocalStack.leftOver(workspace)).isEmpty();
  }

  private StackProcess process(String name) {
    return StackProcess.list(workspace).stream()
        .filter(p -> p.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  private static void await(BooleanSupplier condition) throws InterruptedException {
    for (int i = 0; !condition.getAsBoolean(); i++) {
      assertThat(i).as("waited a minute").isLessThan(600);
      Thread.sleep(100);
    }
  }

  private static void writeJar(Path file) throws Exception {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.MAIN_CLASS, StandInService.class.getName());
    String entry = StandInService.class.getName().replace('.', '/') + ".class";
    try (OutputStream out = Files.newOutputStream(file);
        JarOutputStream jar = new JarOutputStream(out, manifest);
        var in = StandInService.class.getClassLoader().getResourceAsStream(entry)) {
      jar.putNextEntry(new JarEntry(entry));
      in.transferTo(jar);
      jar.closeEntry();
    }
  }
}
