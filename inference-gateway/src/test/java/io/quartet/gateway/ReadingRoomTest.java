package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class ReadingRoomTest {
  private static final int SMALL = ReadingRoom.SMALL;
  private static final int MOST = 10 * SMALL;

  private final ReadingRoom room = new ReadingRoom("prompts", MOST);

  @Test
  void whatIsReadAtTheSameTimeIsBounded() {
    String read =
        room.read(
            6 * SMALL,
            () -> {
              assertThatThrownBy(() -> room.read(4 * SMALL + 1, () -> "c"))
                  .isInstanceOfSatisfying(
                      QuartetException.class,
                      e -> {
                        assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED);
                        assertThat(e.retryAfter()).contains(Duration.ofMillis(200));
                      })
                  .hasMessage(
                      "prompts: 24576 bytes are being read, and 16385 more would be over 40960;"
                          + " try again later");
              return "a" + room.read(4 * SMALL, () -> "b");
            });

    assertThat(read).isEqualTo("ab");
    assertThat(room.read(MOST, () -> "all")).as("what was taken is given back").isEqualTo("all");
  }

  @Test
  void smallOnesAreReadHoweverFullItIs() {
    Supplier<String> small = () -> "small";
    for (int i = 0; i < 200; i++) {
      Supplier<String> within = small;
      small = () -> room.read(SMALL, within);
    }

    assertThat(room.read(MOST, small)).isEqualTo("small");
  }

  @Test
  void oneThatIsLargerThanTheRoomHasItForItself() {
    String read =
        room.read(
            3L * MOST,
            () -> {
              assertThatThrownBy(() -> room.read(SMALL + 1, () -> "b"))
                  .isInstanceOf(QuartetException.class);
              return "a";
            });

    assertThat(read).isEqualTo("a");
  }

  @Test
  void whatFailsGivesItsPlaceBack() {
    assertThatThrownBy(
            () ->
                room.read(
                    MOST,
                    () -> {
                      throw new IllegalStateException("not JSON");
                    }))
        .hasMessage("not JSON");

    assertThat(room.read(MOST, () -> "all")).isEqualTo("all");
  }

  @Test
  void whoIsTurnedAwayTakesNothing() throws Exception {
    var entered = new CountDownLatch(1);
    var leave = new CountDownLatch(1);
    var reader = new Thread(() -> room.read(MOST, () -> pass(entered, leave)));
    reader.start();
    entered.await();
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> room.read(MOST, () -> "b"))
          .hasMessageStartingWith("prompts: 40960 bytes are being read");
    }

    leave.countDown();
    reader.join();

    assertThat(room.read(MOST, () -> "all")).isEqualTo("all");
  }

  private static String pass(CountDownLatch entered, CountDownLatch leave) {
    entered.countDown();
    try {
      leave.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return "a";
  }
}
