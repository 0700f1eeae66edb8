package io.quartet.cli.chat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.jline.terminal.impl.ExternalTerminal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** JLine on a terminal whose keys the test presses. */
@Timeout(60)
class TypedLinesTest {
  private static final char CTRL_C = 3;
  private static final char CTRL_D = 4;

  @TempDir Path folder;
  private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
  private PipedOutputStream keyboard;
  private TypedLines lines;

  @BeforeEach
  void open() throws Exception {
    keyboard = new PipedOutputStream();
    var terminal =
        new ExternalTerminal("test", "ansi", new PipedInputStream(keyboard, 4096), screen, UTF_8);
    lines = new TypedLines(terminal, history(), List.of("/help"));
  }

  @AfterEach
  void close() throws Exception {
    keyboard.close();
  }

  @Test
  void ctrlCDropsTheLineAndCtrlDIsTheEnd() throws Exception {
    assertThat(read("hello\r")).contains("hello");
    assertThat(read("half" + CTRL_C, "wörld!!\r")).contains("wörld!!");
    assertThat(read(String.valueOf(CTRL_D))).isEmpty();
  }

  @Test
  void ctrlCOnAnEmptyLineSaysHowToLeave() throws Exception {
    assertThat(read(String.valueOf(CTRL_C), "ok\r")).contains("ok");
    assertThat(screen.toString(UTF_8)).contains("Ctrl-D or /quit leaves.");
  }

  @Test
  void whatWasTypedIsThereTheNextTime() throws Exception {
    read("first\r");
    lines.close();

    assertThat(Files.readString(history())).contains("first");
  }

  @Test
  void ctrlCStopsTheWorkAndNotTheProgram() throws Exception {
    var stopped = new CountDownLatch(1);

    lines.stoppable(
        () -> {
          press(String.valueOf(CTRL_C));
          await(stopped);
        },
        stopped::countDown);

    assertThat(stopped.getCount()).isZero();
    assertThat(read("still here\r")).contains("still here");
  }

  /** The next line; each of the keys is pressed at a prompt of its own. */
  private Optional<String> read(String... keys) throws Exception {
    int prompts = prompts();
    var line = CompletableFuture.supplyAsync(() -> lines.next("> "));
    for (String pressed : keys) {
      prompts++;
      long deadline = System.nanoTime() + SECONDS.toNanos(30);
      while (prompts() < prompts) {
        assertThat(System.nanoTime()).as("a prompt comes").isLessThan(deadline);
        Thread.onSpinWait();
      }
      press(pressed);
    }
    return line.get(30, SECONDS);
  }

  /** How often a line has been asked for: then JLine switches to bracketed paste. */
  private int prompts() {
    return screen.toString(UTF_8).split("\\[\\?2004h", -1).length - 1;
  }

  private Path history() {
    return folder.resolve("history");
  }

  private void press(String keys) {
    try {
      keyboard.write(keys.getBytes(UTF_8));
      keyboard.flush();
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      assertThat(latch.await(30, SECONDS)).as("Ctrl-C was heard").isTrue();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
