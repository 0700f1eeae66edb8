package io.quartet.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MemoryPlanTest {
  private final MemoryPlan plan =
      new MemoryPlan(Map.of("process", 600_000_000L))
          .plus("weights", 4_000_000)
          .plus("average", 0)
          .plus(Map.of("activations", 1_500_000_000L));

  @Test
  void theSumIsToldInOneLine() {
    assertThat(plan).hasToString("2.10 GB = process 0.60 + weights 0.004 + activations 1.50");
    assertThat(plan.plus("weights", 6_000_000).parts()).containsEntry("weights", 10_000_000L);
  }

  @Test
  void whatCannotFitIsRefusedWithTheSum() {
    assertThatCode(() -> plan.requireWithin(2_104_000_000L)).doesNotThrowAnyException();
    assertThatThrownBy(() -> plan.requireWithin(2_000_000_000L))
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED_PRECONDITION))
        .hasMessage(
            "memory: 2.10 GB = process 0.60 + weights 0.004 + activations 1.50, but there are"
                + " 2.00 GB; lower batch or sequence, or set recompute_activations or lora");
  }

  @Test
  void theMachineHasMemoryAndEveryStageAProcess() {
    assertThat(MemoryPlan.available()).isGreaterThan(100_000_000);
    for (Stage stage : Stage.values()) {
      assertThat(MemoryPlan.of(stage).total()).isPositive();
    }
  }
}
