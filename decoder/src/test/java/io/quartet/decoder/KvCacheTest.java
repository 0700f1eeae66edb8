package io.quartet.decoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.QuartetException;
import java.nio.FloatBuffer;
import org.junit.jupiter.api.Test;

class KvCacheTest {
  private static final ModelConfig CONFIG = TestModel.GROUPED; // 3 layers, 2 heads of 16

  @Test
  void growingKeepsEverySlotsPositions() throws OrtException {
    try (var cache = new KvCache(CONFIG, 8)) {
      cache.reserve(2, 10);
      write(cache, 1, 9, 7.5f);
      assertThat(cache.fits(2, 10)).isTrue();
      assertThat(cache.fits(5, 200)).isFalse();
      cache.reserve(5, 200);
      assertThat(read(cache, 1, 9)).isEqualTo(7.5f);
      assertThat(read(cache, 1, 8)).isZero();
    }
  }

  @Test
  void growthEndsAtTheContextAndTheSlots() {
    try (var cache = new KvCache(CONFIG, 8)) {
      cache.reserve(8, 300);
      assertThat(cache.positions()).isEqualTo(CONFIG.contextLength());
      assertThat(cache.fits(8, 320)).isTrue();
    }
  }

  @Test
  void contextThatAllSlotsCannotHaveInOnePieceIsRefusedWithTheArithmetic() {
    ModelConfig longer =
        CONFIG.withContextLength(1 << 20); // 128 MB of a layer's keys for each slot
    KvCache.requireFits(longer, 15);
    assertThatThrownBy(() -> KvCache.requireFits(longer, 16))
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.FAILED_PRECONDITION))
        .hasMessage(
            "cache: 16 slots × 1048576 positions × 2 heads of 16 floats are 2048 MB for one layer's"
                + " keys, expected less than 2048 MB: fewer slots or a smaller context");
  }

  @Test
  void copiedSlotHasTheSamePositions() throws OrtException {
    try (var cache = new KvCache(CONFIG, 4)) {
      cache.reserve(4, 32);
      write(cache, 0, 3, 1.5f);
      write(cache, 0, 4, 2.5f);
      cache.copy(0, 3, 4);
      assertThat(read(cache, 3, 3)).isEqualTo(1.5f);
      assertThat(read(cache, 3, 4)).isZero();
    }
  }

  @Test
  void savedPositionsComeBackWhereTheyAreAskedFor() throws OrtException {
    try (var cache = new KvCache(CONFIG, 2)) {
      cache.reserve(2, 64);
      write(cache, 1, 5, 1.5f);
      write(cache, 1, 7, 2.5f);
      var saved = FloatBuffer.allocate((int) (3 * KvCache.bytesPerPosition(CONFIG) / 4));
      cache.save(1, 5, 3, saved);
      cache.load(0, 40, 3, saved);
      assertThat(read(cache, 0, 40)).isEqualTo(1.5f);
      assertThat(read(cache, 0, 42)).isEqualTo(2.5f);
      assertThat(read(cache, 0, 43)).isZero();
    }
  }

  /** Writes into the last head of the last layer's values. */
  private static void write(KvCache cache, int slot, int position, float value)
      throws OrtException {
    withValues(cache, slot, values -> values.put(index(cache, position), value));
  }

  private static float read(KvCache cache, int slot, int position) throws OrtException {
    float[] value = new float[1];
    withValues(cache, slot, values -> value[0] = values.get(index(cache, position)));
    return value[0];
  }

  private static int index(KvCache cache, int position) {
    return (cache.positions() + position) * CONFIG.headDimension() + 5;
  }

  private static void withValues(
      KvCache cache, int slot, java.util.function.Consumer<FloatBuffer> use) throws OrtException {
    KvCache.Tensors tensors = cache.tensors(slot, 1);
    OnnxTensor values = tensors.past().get(DecoderGraph.past(2, "value"));
    use.accept((FloatBuffer) values.getBufferRef().orElseThrow());
    tensors.past().values().forEach(OnnxTensor::close);
  }
}
