package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.GenerationServiceGrpc;
import io.smallrye.common.annotation.Blocking;
import java.util.function.Function;

/** Continues text or tokens. */
@GrpcService
public class GenerationEndpoint extends GenerationServiceGrpc.GenerationServiceImplBase {
  private final Answering answering;

  GenerationEndpoint(Answering answering) {
    this.answering = answering;
  }

  @Override
  @Blocking
  public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
    begin(
        request,
        new WholeAnswer<>(
            (ServerCallStreamObserver<GenerateResponse>) responses, Function.identity()));
  }

  @Override
  @Blocking
  public void generateStream(GenerateRequest request, StreamObserver<GenerateChunk> responses) {
    begin(request, new StreamedAnswer((ServerCallStreamObserver<GenerateChunk>) responses));
  }

  private void begin(GenerateRequest request, AnswerSink sink) {
    answering.begin(
        Question.one(
            request.getModel(), model -> prompt(model, request), request.getSampling(), false),
        answer -> sink);
  }

  private static int[] prompt(ServedModel model, GenerateRequest request) {
    return switch (request.getPromptCase()) {
      case TEXT -> model.textPrompt(request.getText());
      case TOKENS -> request.getTokens().getIdsList().stream().mapToInt(id -> id).toArray();
      case PROMPT_NOT_SET ->
          throw new QuartetException(INVALID_ARGUMENT, "prompt: none, expected text or tokens");
    };
  }
}
