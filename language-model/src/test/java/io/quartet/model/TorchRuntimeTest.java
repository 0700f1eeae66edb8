package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;

class TorchRuntimeTest {
  @Test
  void autoIsCudaWhereThereIsOne() {
    assertThat(TorchRuntime.cuda("auto")).isEqualTo(torch.cuda_is_available());
    assertThat(TorchRuntime.cuda("cpu")).isFalse();
  }

  @Test
  void cudaIsRefusedWhereThereIsNone() {
    assumeFalse(torch.cuda_is_available());

    assertThatThrownBy(() -> TorchRuntime.cuda("cuda"))
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED_PRECONDITION))
        .hasMessage(
            "quartet.device: cuda, but no CUDA device is visible here, or this build is not of"
                + " ./mvnw -Pcuda");
  }

  @Test
  void aDeviceThatIsNoneIsNamed() {
    assertThatThrownBy(() -> TorchRuntime.cuda("gpu"))
        .isInstanceOf(QuartetException.class)
        .hasMessage("quartet.device: 'gpu', expected auto, cpu or cuda");
  }
}
