package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.pytorch.global.torch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

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

  /** In a process of its own: the limit is set once, by whatever asks libtorch first. */
  @Test
  void memoryIsLimitedByTheSystemAloneThoughAPlanIsMadeBeforeAnythingIsTrained() throws Exception {
    String limit = ChildJvm.output(Planning.class, List.of("-Xmx64m"), Map.of());

    assertThat(limit).isEqualTo("0");
  }

  /** What the other process does. */
  static final class Planning {
    private Planning() {}

    public static void main(String[] none) {
      TrainingMemory.scoredTokens();
      System.out.println(Pointer.maxPhysicalBytes());
    }
  }

  /** In a process of its own, which libtorch takes for an older processor. */
  @Test
  @EnabledIfSystemProperty(named = "os.arch", matches = "amd64|x86_64")
  void aProcessorWithoutFastBfloat16ProductsMultipliesInFp32() throws Exception {
    Map<String, String> older = Map.of("ATEN_CPU_CAPABILITY", "avx2", "QUARTET_DEVICE", "cpu");

    assertThat(ChildJvm.output(Choosing.class, List.of("-Xmx64m"), older))
        .isEqualTo("BF16 as FP32, FP32 as FP32");
  }

  /** What the other process does. */
  static final class Choosing {
    private Choosing() {}

    public static void main(String[] none) {
      System.out.printf("BF16 as %s, FP32 as %s%n", Precision.here("BF16"), Precision.here("FP32"));
    }
  }

  @Test
  void aDeviceThatIsNoneIsNamed() {
    assertThatThrownBy(() -> TorchRuntime.cuda("gpu"))
        .isInstanceOf(QuartetException.class)
        .hasMessage("quartet.device: 'gpu', expected auto, cpu or cuda");
  }
}
