package io.quartet.cli;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.recipe.ServeSection;
import io.quartet.v1.ChatRequest;
import io.quartet.v1.ChatServiceGrpc;
import io.quartet.v1.FinishReason;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.GenerationServiceGrpc;
import io.quartet.v1.GetModelRequest;
import io.quartet.v1.ListModelsRequest;
import io.quartet.v1.ListRoutesRequest;
import io.quartet.v1.Message;
import io.quartet.v1.Model;
import io.quartet.v1.ModelServiceGrpc;
import io.quartet.v1.ModelState;
import io.quartet.v1.Route;
import io.quartet.v1.SamplingParameters;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** The inference gateway, over gRPC. */
public final class Gateway implements AutoCloseable {
  private static final Duration ANSWER = Duration.ofMinutes(2);
  private static final Duration LOAD = Duration.ofMinutes(2);

  private final String address;
  private final GatewayChannel how;
  private final ManagedChannel channel;

  /** In plain text, without a key; connects on the first call. */
  public Gateway(String address) {
    this(address, GatewayChannel.plain());
  }

  /** Connects on the first call. */
  public Gateway(String address, GatewayChannel how) {
    this.address = address;
    this.how = how;
    this.channel = how.open(address);
  }

  /**
   * Waits until a model can answer.
   *
   * @param model an alias or a checkpoint id that was announced
   * @throws QuartetException with the gateway's cause if it cannot be loaded, DEADLINE_EXCEEDED if
   *     it takes too long
   */
  public Model await(String model) throws InterruptedException {
    long deadline = System.nanoTime() + LOAD.toNanos();
    while (true) {
      try {
        Model found =
            ModelServiceGrpc.newBlockingStub(channel)
                .withDeadlineAfter(10, TimeUnit.SECONDS)
                .get(GetModelRequest.newBuilder().setModel(model).build());
        // An older checkpoint is available: the first request for it has it loaded.
        if (found.getState() == ModelState.MODEL_STATE_READY
            || found.getState() == ModelState.MODEL_STATE_AVAILABLE) {
          return found;
        }
        if (found.getState() == ModelState.MODEL_STATE_FAILED) {
          throw new QuartetException(
              ErrorCode.FAILED_PRECONDITION,
              "the gateway cannot serve '%s': %s".formatted(model, found.getFailure()));
        }
      } catch (StatusRuntimeException e) {
        // It hears of a checkpoint a moment after it was announced.
        if (e.getStatus().getCode() != Status.Code.NOT_FOUND) {
          throw failure(e);
        }
      }
      if (System.nanoTime() > deadline) {
        throw new QuartetException(
            ErrorCode.DEADLINE_EXCEEDED,
            "the gateway at %s did not load '%s' within %d seconds"
                .formatted(address, model, LOAD.toSeconds()));
      }
      Thread.sleep(200);
    }
  }

  /**
   * A model that the gateway knows.
   *
   * @throws QuartetException NOT_FOUND with the models that there are
   */
  public Model get(String model) {
    try {
      return ModelServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(10, TimeUnit.SECONDS)
          .get(GetModelRequest.newBuilder().setModel(model).build());
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  /**
   * Changes what a stage's name stands for.
   *
   * @throws QuartetException INVALID_ARGUMENT or NOT_FOUND saying what is wrong with the route
   */
  public void route(Route route) {
    try {
      ModelServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(10, TimeUnit.SECONDS)
          .setRoute(route);
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  /** What every stage's name stands for. */
  public List<Route> routes() {
    try {
      return ModelServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(10, TimeUnit.SECONDS)
          .listRoutes(ListRoutesRequest.getDefaultInstance())
          .getRoutesList();
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  /** Every model that the gateway serves, by stage and the newest first. */
  public List<Model> models() {
    try {
      return ModelServiceGrpc.newBlockingStub(channel)
          .withDeadlineAfter(10, TimeUnit.SECONDS)
          .list(ListModelsRequest.getDefaultInstance())
          .getModelsList();
    } catch (StatusRuntimeException e) {
      throw failure(e);
    }
  }

  /**
   * An answer that has ended.
   *
   * @param checkpointId the weights that answered
   * @param reason CANCELLED if it was stopped
   * @param tokens how many were generated
   */
  public record Answered(String checkpointId, FinishReason reason, int tokens) {}

  /** Stops one answer from another thread. */
  public static final class Stop {
    private final Context.CancellableContext context = Context.ROOT.withCancellation();

    /** Ends the answer with what there is. */
    public void now() {
      context.cancel(null);
    }
  }

  /**
   * Lets a model answer a conversation, streaming.
   *
   * @param text takes each piece of the answer
   * @param stop may end it before
   */
  public Answered chat(
      String model, List<Message> messages, ServeSection serve, Consumer<String> text, Stop stop) {
    ChatRequest request =
        ChatRequest.newBuilder()
            .setModel(model)
            .addAllMessages(messages)
            .setSampling(sampling(serve))
            .build();
    var stub = ChatServiceGrpc.newBlockingStub(channel);
    return stream(
        () -> stub.withDeadlineAfter(ANSWER.toSeconds(), TimeUnit.SECONDS).chatStream(request),
        text,
        stop);
  }

  /**
   * Lets a model continue a text, streaming.
   *
   * @param end strings that end the continuation
   * @param text takes each piece of the continuation
   * @param stop may end it before
   */
  public Answered complete(
      String model,
      String prompt,
      List<String> end,
      ServeSection serve,
      Consumer<String> text,
      Stop stop) {
    GenerateRequest request =
        GenerateRequest.newBuilder()
            .setModel(model)
            .setText(prompt)
            .setSampling(sampling(serve).toBuilder().addAllStop(end))
            .build();
    var stub = GenerationServiceGrpc.newBlockingStub(channel);
    return stream(
        () -> stub.withDeadlineAfter(ANSWER.toSeconds(), TimeUnit.SECONDS).generateStream(request),
        text,
        stop);
  }

  private interface Call {
    Iterator<GenerateChunk> start();
  }

  private Answered stream(Call call, Consumer<String> text, Stop stop) {
    String id = "";
    int tokens = 0;
    var reason = FinishReason.FINISH_REASON_CANCELLED;
    Context before = stop.context.attach();
    try {
      for (Iterator<GenerateChunk> chunks = call.start(); chunks.hasNext(); ) {
        GenerateChunk chunk = chunks.next();
        if (!chunk.getCheckpointId().isEmpty()) {
          id = chunk.getCheckpointId();
        }
        if (!chunk.getText().isEmpty()) {
          text.accept(chunk.getText());
        }
        tokens += chunk.getTokenIdsCount();
        if (chunk.hasUsage()) {
          reason = chunk.getFinishReason();
        }
      }
    } catch (StatusRuntimeException e) {
      if (!stop.context.isCancelled()) {
        throw failure(e);
      }
    } finally {
      stop.context.detach(before);
    }
    return new Answered(id, reason, tokens);
  }

  private static SamplingParameters sampling(ServeSection serve) {
    return SamplingParameters.newBuilder()
        .setTemperature((float) serve.temperature())
        .setTopP((float) serve.topP())
        .setMaxTokens(serve.maxTokens())
        .build();
  }

  private QuartetException failure(StatusRuntimeException e) {
    Status status = e.getStatus();
    String description = status.getDescription() == null ? "" : status.getDescription();
    // What the gateway itself says carries details; a connection that fails has none.
    var details = StatusProto.fromThrowable(e);
    boolean answered = details != null && details.getDetailsCount() > 0;
    // A web server answers too, but not in gRPC.
    boolean web = description.startsWith("HTTP status code");
    if (!answered && (web || status.getCode() == Status.Code.UNAVAILABLE)) {
      return new QuartetException(
          ErrorCode.UNAVAILABLE,
          "no gateway answers at %s %s (%s): is it up, and does it speak that?"
              .formatted(address, how, cause(e)),
          e);
    }
    ErrorCode code;
    try {
      code = ErrorCode.valueOf(status.getCode().name());
    } catch (IllegalArgumentException unknown) {
      // gRPC has statuses of its own, such as UNIMPLEMENTED.
      code = ErrorCode.INTERNAL;
    }
    String text = description.isEmpty() ? status.getCode().name() : description;
    return new QuartetException(code, text.lines().findFirst().orElse(""), e);
  }

  /** What went wrong first, in a line. */
  private static String cause(Throwable failure) {
    Throwable first = failure;
    while (first.getCause() != null) {
      first = first.getCause();
    }
    String text =
        first.getMessage() == null ? first.getClass().getSimpleName() : first.getMessage();
    return text.lines()
        .findFirst()
        .map(line -> line.substring(0, Math.min(100, line.length())))
        .orElse("");
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
