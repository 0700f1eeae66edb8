package io.quartet.cli.chat;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Console;
import io.quartet.cli.Gateway;
import io.quartet.recipe.ServeSection;
import io.quartet.v1.ChatRequest;
import io.quartet.v1.ChatServiceGrpc;
import io.quartet.v1.FinishReason;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.GenerationServiceGrpc;
import io.quartet.v1.GetModelRequest;
import io.quartet.v1.Model;
import io.quartet.v1.ModelServiceGrpc;
import io.quartet.v1.Stage;
import io.quartet.v1.Usage;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Talks to a gateway of the test's own, over the wire. */
@Timeout(60)
class ChatSessionTest {
  private static final String FULL =
      "prompt of 130 tokens, expected fewer than the context length 128";

  private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
  private final Answers answers = new Answers();
  private Server server;
  private Gateway gateway;

  @BeforeEach
  void open() throws Exception {
    server =
        NettyServerBuilder.forAddress(new InetSocketAddress("127.0.0.1", 0))
            .addService(new Models())
            .addService(answers)
            .addService(new Continuations())
            .build()
            .start();
    gateway = new Gateway("127.0.0.1:" + server.getPort());
  }

  @AfterEach
  void close() {
    gateway.close();
    server.shutdownNow();
  }

  @Test
  void aFailureInMidAnswerStandsOnALineOfItsOwn() {
    answers.failure = Status.DATA_LOSS.withDescription("the gateway is gone");

    talk("sft", false, "hi\n");

    assertThat(lines()).endsWith("half an answer", "the gateway is gone");
  }

  @Test
  void aFailureBeforeTheBaseModelsFirstWordStandsOnALineOfItsOwn() {
    talk("base", false, "time is\n");

    assertThat(lines()).endsWith("time is", "no memory left");
  }

  @Test
  void aLoneQuestionsHalfAnswerEndsItsLine() {
    answers.failure = Status.DATA_LOSS.withDescription("the gateway is gone");

    assertThatThrownBy(() -> session("sft", false).ask("hi"))
        .isInstanceOf(QuartetException.class)
        .hasMessage("the gateway is gone");

    assertThat(screen.toString(UTF_8)).isEqualTo("half an answer\n");
  }

  @Test
  void whatIsStoppedBeforeItsFirstTokenNamesNobody() {
    answers.silent = true;

    session("sft", false).run(new StoppedLines(answers.asked));

    assertThat(lines().get(2)).matches("0 tokens · \\d+\\.\\d s · stopped");
  }

  @Test
  void aFullContextSaysHowToStartAnew() {
    talk("sft", true, "hi\nand\n/clear\nagain\n");
    assertThat(lines()).noneMatch(line -> line.contains("/clear"));

    screen.reset();
    answers.fullAfter = 1;
    talk("sft", true, "hi\nand\n/clear\nagain\n");

    assertThat(lines())
        .containsSequence(FULL + "; /clear starts anew", "half an answer and the rest");

    screen.reset();
    answers.fullAfter = 0;
    talk("sft", true, "much too long\n");

    assertThat(lines()).as("there is nothing to clear").endsWith(FULL);
  }

  @Test
  void leavingIsOneWord() {
    talk("sft", false, "/quit now\nhi\n");

    assertThat(lines()).containsExactly("Talking to sft. /help tells the commands.");
  }

  private void talk(String model, boolean remembers, String typed) {
    session(model, remembers).run(new PipedLines(new ByteArrayInputStream(typed.getBytes(UTF_8))));
  }

  private ChatSession session(String model, boolean remembers) {
    var console = new Console(new PrintStream(screen, true, UTF_8), false, false, 80);
    return new ChatSession(gateway, console, new ServeSection(0, 1, 16), model, remembers);
  }

  private java.util.List<String> lines() {
    return screen.toString(UTF_8).lines().toList();
  }

  /** One question, stopped as soon as the gateway has it. */
  private record StoppedLines(CountDownLatch asked) implements Lines {
    @Override
    public Optional<String> next(String prompt) {
      return asked.getCount() > 0 ? Optional.of("hi") : Optional.empty();
    }

    @Override
    public void stoppable(Runnable work, Runnable stop) {
      var stopper =
          new Thread(
              () -> {
                try {
                  asked.await();
                } catch (InterruptedException e) {
                  throw new AssertionError(e);
                }
                stop.run();
              });
      stopper.start();
      work.run();
    }

    @Override
    public void close() {}
  }

  private static final class Models extends ModelServiceGrpc.ModelServiceImplBase {
    @Override
    public void get(GetModelRequest request, StreamObserver<Model> model) {
      Stage stage = request.getModel().equals("base") ? Stage.STAGE_BASE : Stage.STAGE_SFT;
      model.onNext(Model.newBuilder().setStage(stage).build());
      model.onCompleted();
    }
  }

  private static final class Answers extends ChatServiceGrpc.ChatServiceImplBase {
    private final CountDownLatch asked = new CountDownLatch(1);
    private @Nullable Status failure;
    private boolean silent;
    private int fullAfter = Integer.MAX_VALUE;

    @Override
    public void chatStream(ChatRequest request, StreamObserver<GenerateChunk> chunks) {
      asked.countDown();
      if (silent) {
        return;
      }
      if (request.getMessagesCount() > fullAfter) {
        chunks.onError(refused(Status.INVALID_ARGUMENT.withDescription(FULL)));
        return;
      }
      chunks.onNext(GenerateChunk.newBuilder().setText("half an answer").build());
      if (failure != null) {
        chunks.onError(refused(failure));
        return;
      }
      chunks.onNext(
          GenerateChunk.newBuilder()
              .setText(" and the rest")
              .setFinishReason(FinishReason.FINISH_REASON_STOP)
              .setUsage(Usage.getDefaultInstance())
              .build());
      chunks.onCompleted();
    }
  }

  private static final class Continuations extends GenerationServiceGrpc.GenerationServiceImplBase {
    @Override
    public void generateStream(GenerateRequest request, StreamObserver<GenerateChunk> chunks) {
      chunks.onError(refused(Status.RESOURCE_EXHAUSTED.withDescription("no memory left")));
    }
  }

  private static StatusRuntimeException refused(Status status) {
    return status.asRuntimeException();
  }
}
