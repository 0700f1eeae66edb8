package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import io.quartet.v1.ChatRequest;
import io.quartet.v1.ChatResponse;
import io.quartet.v1.ChatServiceGrpc;
import io.quartet.v1.FinishReason;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.Message;
import io.quartet.v1.Role;
import io.quartet.v1.SamplingParameters;
import java.util.Iterator;
import java.util.SplittableRandom;
import java.util.concurrent.CountDownLatch;
import java.util.function.UnaryOperator;

/** A soak's users over gRPC. */
final class GrpcTraffic implements SoakTraffic {
  private final ManagedChannel channel;
  private final UnaryOperator<String> textOf;
  private final SoakTally tally;

  /**
   * @param textOf the whole answer of the weights with a checkpoint id
   */
  GrpcTraffic(ManagedChannel channel, UnaryOperator<String> textOf, SoakTally tally) {
    this.channel = channel;
    this.textOf = textOf;
    this.tally = tally;
  }

  @Override
  public void read() {
    var text = new StringBuilder();
    String id = "";
    FinishReason finish = FinishReason.FINISH_REASON_UNSPECIFIED;
    try {
      Iterator<GenerateChunk> chunks = chat().chatStream(ask("sft"));
      while (chunks.hasNext()) {
        GenerateChunk chunk = chunks.next();
        id = id.isEmpty() ? chunk.getCheckpointId() : id;
        text.append(chunk.getText());
        finish = chunk.getFinishReason();
      }
      tally.answer("gRPC read", id, text + " " + finish, textOf.apply(id) + " FINISH_REASON_STOP");
    } catch (StatusRuntimeException e) {
      ended("gRPC read", e.getStatus());
    }
  }

  @Override
  public void leave(SplittableRandom random) {
    int wanted = random.nextInt(1, 40);
    Context.CancellableContext context = Context.current().withCancellation();
    Context previous = context.attach();
    try {
      Iterator<GenerateChunk> chunks = chat().chatStream(ask(SoakTraffic.either(random)));
      for (int i = 0; i < wanted && chunks.hasNext(); i++) {
        chunks.next();
      }
      tally.done("gRPC leave");
    } catch (StatusRuntimeException e) {
      ended("gRPC leave", e.getStatus());
    } finally {
      context.detach(previous);
      context.cancel(null);
    }
  }

  @Override
  public void dawdle(SplittableRandom random, int messages) throws InterruptedException {
    var reader = new SlowReader();
    ChatServiceGrpc.newStub(channel)
        .withDeadlineAfter(60, SECONDS)
        .chatStream(ask(SoakTraffic.either(random)), reader);
    for (int i = 0; i < messages && !reader.over.await(100, MILLISECONDS); i++) {
      reader.call.request(1);
    }
    reader.call.cancel("seen enough", null);
    reader.over.await();
  }

  @Override
  public void storm(int requests) throws InterruptedException {
    var left = new CountDownLatch(requests);
    for (int i = 0; i < requests; i++) {
      ChatServiceGrpc.newStub(channel)
          .withDeadlineAfter(60, SECONDS)
          .chat(
              ask("sft"),
              new StreamObserver<ChatResponse>() {
                @Override
                public void onNext(ChatResponse response) {
                  String id = response.getCheckpointId();
                  tally.answer(
                      "gRPC storm", id, response.getMessage().getContent(), textOf.apply(id));
                }

                @Override
                public void onError(Throwable failure) {
                  ended("gRPC storm", Status.fromThrowable(failure));
                  left.countDown();
                }

                @Override
                public void onCompleted() {
                  left.countDown();
                }
              });
    }
    left.await();
  }

  private void ended(String kind, Status status) {
    if (status.getCode() == Status.Code.RESOURCE_EXHAUSTED) {
      tally.refused(kind);
    } else {
      tally.failed(kind, status);
    }
  }

  private ChatServiceGrpc.ChatServiceBlockingStub chat() {
    return ChatServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, SECONDS);
  }

  private static ChatRequest ask(String model) {
    return ChatRequest.newBuilder()
        .setModel(model)
        .addMessages(Message.newBuilder().setRole(Role.ROLE_USER).setContent("~"))
        .setSampling(SamplingParameters.newBuilder().setTemperature(0))
        .build();
  }

  /** A client that says itself when it can take a message. */
  private final class SlowReader implements ClientResponseObserver<ChatRequest, GenerateChunk> {
    private final CountDownLatch over = new CountDownLatch(1);
    private ClientCallStreamObserver<ChatRequest> call;

    @Override
    public void beforeStart(ClientCallStreamObserver<ChatRequest> stream) {
      call = stream;
      stream.disableAutoRequestWithInitial(1);
    }

    @Override
    public void onNext(GenerateChunk chunk) {
      tally.done("gRPC dawdle");
    }

    @Override
    public void onError(Throwable failure) {
      if (Status.fromThrowable(failure).getCode() != Status.Code.CANCELLED) {
        ended("gRPC dawdle", Status.fromThrowable(failure));
      }
      over.countDown();
    }

    @Override
    public void onCompleted() {
      over.countDown();
    }
  }
}
