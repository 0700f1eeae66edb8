package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.LogProbsRequest;
import io.quartet.v1.LogProbsResponse;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.ScoreRequest;
import io.quartet.v1.ScoreResponse;
import io.quartet.v1.ScoreServiceGrpc;
import io.quartet.v1.ScoredText;
import io.smallrye.common.annotation.Blocking;

/** Tells what models think of given texts. */
@GrpcService
public class ScoreEndpoint extends ScoreServiceGrpc.ScoreServiceImplBase {
  private final Answering answering;
  private final RewardServices rewards;

  ScoreEndpoint(Answering answering, RewardServices rewards) {
    this.answering = answering;
    this.rewards = rewards;
  }

  @Override
  @Blocking
  public void logProbs(LogProbsRequest request, StreamObserver<LogProbsResponse> responses) {
    Question question = answering.read(() -> question(request));
    var scores =
        new TextScores(
            (ServerCallStreamObserver<LogProbsResponse>) responses, request.getTextsCount());
    answering.begin(question, Terms.of(request, request.getTextsCount(), ""), scores::sink);
  }

  private static Question question(LogProbsRequest request) {
    if (request.getTextsCount() == 0) {
      throw new QuartetException(INVALID_ARGUMENT, "texts: none, expected 1 or more");
    }
    var sampling =
        SamplingParameters.newBuilder()
            .setTemperature(0)
            .setMaxTokens(0)
            .setPromptLogProbs(true)
            .setTopLogProbs(request.getTopLogProbs())
            .build();
    return new Question(
        request.getModel(),
        model -> request.getTextsList().stream().map(text -> tokens(model, text)).toList(),
        sampling,
        1,
        false,
        false,
        Urgency.USUAL);
  }

  @Override
  @Blocking
  public void rewards(ScoreRequest request, StreamObserver<ScoreResponse> responses) {
    rewards.score(request, new Responses<>((ServerCallStreamObserver<ScoreResponse>) responses));
  }

  private static int[] tokens(ServedModel model, ScoredText text) {
    return switch (text.getContentCase()) {
      case TEXT -> model.textPrompt(text.getText());
      case TOKENS -> Requests.tokens(text.getTokens());
      case MESSAGES ->
          model
              .template()
              .encode(Requests.conversation(text.getMessages().getMessagesList()))
              .tokenIds();
      case CONTENT_NOT_SET ->
          throw new QuartetException(
              INVALID_ARGUMENT, "text: none, expected text, tokens or messages");
    };
  }
}
