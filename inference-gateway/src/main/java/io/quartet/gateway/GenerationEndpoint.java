package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.FewShotRequest;
import io.quartet.v1.FewShotResponse;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.GenerationServiceGrpc;
import io.quartet.v1.Sample;
import io.quartet.v1.SamplingParameters;
import io.smallrye.common.annotation.Blocking;
import java.util.List;
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
    Question question = answering.read(() -> question(request));
    answering.begin(
        question,
        Terms.of(request, question.samples(), request.getUser()),
        new WholeAnswers<>(
                (ServerCallStreamObserver<GenerateResponse>) responses,
                question.samples(),
                question.echo(),
                Function.identity())
            ::sink);
  }

  @Override
  @Blocking
  public void generateStream(GenerateRequest request, StreamObserver<GenerateChunk> responses) {
    Question question = answering.read(() -> question(request));
    answering.begin(
        question,
        Terms.of(request, question.samples(), request.getUser()),
        new StreamedAnswers(
                (ServerCallStreamObserver<GenerateChunk>) responses,
                question.samples(),
                question.echo())
            ::sink);
  }

  @Override
  @Blocking
  public void fewShot(FewShotRequest request, StreamObserver<FewShotResponse> responses) {
    var shots = answering.read(() -> new FewShot(request.getTitle(), request.getExamplesList()));
    Question question = answering.read(() -> question(request, shots));
    answering.begin(
        question,
        Terms.of(request, question.samples(), request.getUser()),
        new WholeAnswers<>(
                (ServerCallStreamObserver<FewShotResponse>) responses,
                question.samples(),
                false,
                answer -> items(answer, shots))
            ::sink);
  }

  private static Question question(GenerateRequest request) {
    return new Question(
        request.getModel(),
        model -> List.of(prompt(model, request)),
        Question.requireStops(request.getSampling()),
        request.hasSamples() ? request.getSamples() : 1,
        false,
        request.getEcho(),
        Requests.urgency(request.getPriority(), request.hasTimeLimit(), request.getTimeLimit()));
  }

  private static Question question(FewShotRequest request, FewShot shots) {
    SamplingParameters.Builder sampling =
        Question.requireStops(request.getSampling()).toBuilder().addStop(shots.separator());
    if (!sampling.hasMaxTokens()) {
      sampling.setMaxTokens(FewShot.MAX_TOKENS);
    }
    return new Question(
        request.getModel(),
        model -> List.of(model.textPrompt(shots.prompt())),
        sampling.build(),
        request.hasCount() ? request.getCount() : 1,
        true,
        false,
        Urgency.USUAL);
  }

  private static int[] prompt(ServedModel model, GenerateRequest request) {
    return switch (request.getPromptCase()) {
      case TEXT -> model.textPrompt(request.getText());
      case TOKENS -> Requests.tokens(request.getTokens());
      case PROMPT_NOT_SET ->
          throw new QuartetException(INVALID_ARGUMENT, "prompt: none, expected text or tokens");
    };
  }

  private static FewShotResponse items(GenerateResponse answer, FewShot shots) {
    return FewShotResponse.newBuilder()
        .setCheckpointId(answer.getCheckpointId())
        .addItems(
            Sample.newBuilder()
                .setText(answer.getText())
                .addAllTokenIds(answer.getTokenIdsList())
                .addAllLogProbs(answer.getLogProbsList())
                .addAllAlternatives(answer.getAlternativesList())
                .setFinishReason(answer.getFinishReason()))
        .addAllItems(answer.getMoreSamplesList())
        .setPrompt(shots.prompt())
        .setUsage(answer.getUsage())
        .setEffectiveSampling(answer.getEffectiveSampling())
        .build();
  }
}
