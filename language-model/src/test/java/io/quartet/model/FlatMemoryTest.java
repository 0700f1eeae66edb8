package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.Pointer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/** In a process of its own, for what else a test's process does comes to more than a leak. */
class FlatMemoryTest {
  private static final int STEPS = 25;
  private static final long MOST = 12L << 20;

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void nativeMemoryStaysFlatOverAThousandSteps() throws Exception {
    assertThat(growth()).isLessThan(MOST);
  }

  private static long growth() throws IOException, InterruptedException {
    var options =
        List.of(
            "-Xmx64m",
            "-Xms64m",
            "-XX:+UseSerialGC",
            "-XX:+AlwaysPreTouch",
            "-XX:TieredStopAtLevel=1"); // or the compiler's own memory is what is measured
    return Long.parseLong(ChildJvm.output(FlatMemoryTest.class, options, Map.of()));
  }

  /** Prints by how many bytes the process grows in the last 850 of a thousand steps. */
  public static void main(String[] none) {
    try (Workers workers = TorchRuntime.configure(2)) {
      CausalLm model = Tiny.model(Precision.BF16, 1);
      var trainer =
          new Trainer<>(
              model,
              new AdamW(model, AdamW.Options.of(0.05)),
              LearningRateSchedule.linear(1e-2, 10, 200, 0.03),
              1,
              workers);
      var sampler = new BatchSampler(epoch -> Tiny.documents(12, 9).iterator(), 4, 32);
      train(trainer, sampler, 6);
      long before = Pointer.physicalBytes();
      train(trainer, sampler, 34);
      System.out.println(Pointer.physicalBytes() - before);
    }
  }

  private static void train(Trainer<CausalLm> trainer, BatchSampler sampler, int rounds) {
    for (int round = 0; round < rounds; round++) {
      for (int i = 0; i < STEPS; i++) {
        PackedBatch batch = sampler.next();
        trainer.step(batch.split(2), new CrossEntropyLoss(batch.targetWeight())::of);
      }
      System.gc();
    }
  }
}
