package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.List;
import java.util.concurrent.CancellationException;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class WorkersTest {
  private static final Workers WORKERS = new Workers(3);

  @AfterAll
  static void stop() {
    WORKERS.close();
  }

  @Test
  void resultsComeInTheOrderOfTheParts() {
    List<String> results =
        WORKERS.map(List.of(0, 1, 2, 3, 4, 5, 6), (worker, part) -> worker + ":" + part);

    assertThat(results).containsExactly("0:0", "1:1", "2:2", "0:3", "1:4", "2:5", "0:6");
    assertThat(WORKERS.map(List.of(), (worker, part) -> part)).isEmpty();
  }

  @Test
  void failureOfLibtorchIsOneLine() {
    assertThatThrownBy(
            () ->
                WORKERS.map(
                    List.of(1, 2),
                    (worker, part) -> torch.mm(torch.ones(2, 3), torch.ones(2, part)).item_float()))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.INTERNAL))
        .hasMessage("libtorch: mat1 and mat2 shapes cannot be multiplied (2x3 and 2x1)");
  }

  @Test
  void failureOfOneWorkerWaitsForTheOthersAndComesUnchanged() {
    assertThatThrownBy(
            () ->
                WORKERS.map(
                    List.of(0, 1, 2),
                    (worker, part) -> {
                      if (part == 1) {
                        throw new CancellationException("stop");
                      }
                      return part;
                    }))
        .isInstanceOf(CancellationException.class)
        .hasMessage("stop");
    assertThat(WORKERS.map(List.of(1), (worker, part) -> part)).containsExactly(1);
  }
}
