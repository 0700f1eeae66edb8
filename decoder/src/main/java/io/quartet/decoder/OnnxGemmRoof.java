package io.quartet.decoder;

import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.quartet.decoder.OnnxGraph.ElementType;
import java.nio.FloatBuffer;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * What ONNX Runtime reaches on this machine in a plain FP32 matrix product, to compare the reading
 * of a prompt with.
 */
public final class OnnxGemmRoof implements AutoCloseable {
  private static final int SIZE = 1024;
  private static final int ROUNDS = 20;

  private final int rows;
  private final OrtSession session;

  /**
   * Makes the product: on every thread one of square matrices of 1024, whose right side is the same
   * each time, as a model's weights are.
   *
   * @throws io.quartet.checkpoint.QuartetException INTERNAL if ONNX Runtime refuses it
   */
  public OnnxGemmRoof(int threads) {
    this.rows = SIZE * threads;
    OnnxGraph graph = new OnnxGraph("product");
    graph.input("a", ElementType.FLOAT, rows, SIZE);
    graph.constant("b", random(SIZE * SIZE), SIZE, SIZE);
    graph.output("c", ElementType.FLOAT, rows, SIZE);
    graph.fused("FusedMatMul", List.of("c"), Map.of("transB", 1), "a", "b");
    try (var options = Onnx.options(threads, true)) {
      this.session = Onnx.environment().createSession(graph.toModel(), options);
    } catch (OrtException e) {
      throw Onnx.failure("cannot make a product", e);
    }
  }

  /** Billions of floating-point operations per second, the best of a few rounds. */
  public double measure() {
    long shortest = Long.MAX_VALUE;
    long[] shape = {rows, SIZE};
    try (var memory = DirectMemory.allocate(2L * Float.BYTES * rows * SIZE, "a product")) {
      FloatBuffer floats = memory.buffer().asFloatBuffer();
      floats.put(random(rows * SIZE));
      FloatBuffer left = floats.slice(0, rows * SIZE);
      FloatBuffer product = floats.slice(rows * SIZE, rows * SIZE);
      try (var a = OnnxTensor.createTensor(Onnx.environment(), left, shape);
          var c = OnnxTensor.createTensor(Onnx.environment(), product, shape)) {
        for (int round = 0; round < ROUNDS; round++) {
          long begun = System.nanoTime();
          session.run(Map.of("a", a), Set.of(), Map.of("c", c)).close();
          shortest = Math.min(shortest, System.nanoTime() - begun);
        }
      }
    } catch (OrtException e) {
      throw Onnx.failure("product", e);
    }
    return 2.0 * rows * SIZE * SIZE / shortest;
  }

  @Override
  public void close() {
    try {
      session.close();
    } catch (OrtException e) {
      throw Onnx.failure("cannot close", e);
    }
  }

  private static float[] random(int count) {
    var random = new SplittableRandom(1);
    float[] floats = new float[count];
    for (int i = 0; i < count; i++) {
      floats[i] = (float) random.nextDouble() - 0.5f;
    }
    return floats;
  }
}
