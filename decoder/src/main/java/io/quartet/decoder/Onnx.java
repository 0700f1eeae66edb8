package io.quartet.decoder;

import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtLoggingLevel;
import ai.onnxruntime.OrtSession;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.util.function.Function;

/** How Quartet's sessions are made: one environment, the same options, errors as one line. */
final class Onnx {
  private Onnx() {}

  static OrtEnvironment environment() {
    return OrtEnvironment.getEnvironment();
  }

  /**
   * Makes a session of a model's graph; it keeps nothing of the files open.
   *
   * @param awake whether threads that wait for work spin for a millisecond before they sleep
   * @throws QuartetException as {@link Weights#open}; INTERNAL if ONNX Runtime refuses the graph
   */
  static OrtSession open(
      ModelFiles model, Function<Weights, byte[]> graph, int threads, boolean awake) {
    try (Weights weights = Weights.open(model);
        var options = options(threads, awake)) {
      weights.addTo(options);
      return environment().createSession(graph.apply(weights), options);
    } catch (OrtException e) {
      throw failure("cannot load " + model.weights(), e);
    }
  }

  /** What every session is made with; the caller closes it. */
  static OrtSession.SessionOptions options(int threads, boolean awake) throws OrtException {
    var options = new OrtSession.SessionOptions();
    options.setIntraOpNumThreads(threads);
    options.setInterOpNumThreads(1);
    options.setExecutionMode(OrtSession.SessionOptions.ExecutionMode.SEQUENTIAL);
    // Threads that spin while they wait starve whoever else lives on these cores.
    options.addConfigEntry("session.intra_op.allow_spinning", awake ? "1" : "0");
    if (awake) {
      options.addConfigEntry("session.intra_op.spin_duration_us", "1000");
    }
    // The graph is written fused; looking for more only delays the start.
    options.setOptimizationLevel(OrtSession.SessionOptions.OptLevel.NO_OPT);
    // Every step has another shape, so a plan made for one would only hold memory.
    options.setMemoryPatternOptimization(false);
    // What fails is thrown; ONNX Runtime would print it as well.
    options.setSessionLogLevel(OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL);
    return options;
  }

  /** An ONNX Runtime error as one line. */
  static QuartetException failure(String what, OrtException cause) {
    String reason = String.valueOf(cause.getMessage()).lines().findFirst().orElse("");
    return new QuartetException(ErrorCode.INTERNAL, what + ": " + reason, cause);
  }
}
