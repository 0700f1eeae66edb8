package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * Peak memory of training with adapters beside that of training every weight, each in a process of
 * its own: what the process held at most (VmHWM), less what it held before there was a model.
 */
@EnabledOnOs(OS.LINUX)
class LoraMemoryTest {
  @Test
  void adaptersNeedLessThanHalfTheMemoryAtTheSameBatch() throws Exception {
    long full = MeasuredTraining.peak("full", "BF16", 384, 6, 16, 256);
    long lora = MeasuredTraining.peak("lora", "BF16", 384, 6, 16, 256);

    assertThat((double) lora / full).isLessThanOrEqualTo(0.45);
  }
}
