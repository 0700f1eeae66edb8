package io.quartet.gateway;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.quartet.checkpoint.Conversation;
import io.quartet.v1.ChatRequest;
import io.quartet.v1.ChatResponse;
import io.quartet.v1.ChatServiceGrpc;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.Message;
import io.quartet.v1.Role;
import io.smallrye.common.annotation.Blocking;
import java.util.List;

/** Answers conversations in the model's chat format. */
@GrpcService
public class ChatEndpoint extends ChatServiceGrpc.ChatServiceImplBase {
  private final Answering answering;

  ChatEndpoint(Answering answering) {
    this.answering = answering;
  }

  @Override
  @Blocking
  public void chat(ChatRequest request, StreamObserver<ChatResponse> responses) {
    Question question = answering.read(() -> question(request));
    answering.begin(
        question,
        Terms.of(request, question.samples(), request.getUser()),
        new WholeAnswers<>(
                (ServerCallStreamObserver<ChatResponse>) responses,
                question.samples(),
                false,
                ChatEndpoint::response)
            ::sink);
  }

  @Override
  @Blocking
  public void chatStream(ChatRequest request, StreamObserver<GenerateChunk> responses) {
    Question question = answering.read(() -> question(request));
    answering.begin(
        question,
        Terms.of(request, question.samples(), request.getUser()),
        new StreamedAnswers(
                (ServerCallStreamObserver<GenerateChunk>) responses, question.samples(), false)
            ::sink);
  }

  private static Question question(ChatRequest request) {
    Conversation conversation = Requests.conversation(request.getMessagesList());
    return new Question(
        request.getModel(),
        model -> List.of(model.chatPrompt(conversation)),
        Question.requireStops(request.getSampling()),
        request.hasSamples() ? request.getSamples() : 1,
        true,
        false,
        Requests.urgency(request.getPriority(), request.hasTimeLimit(), request.getTimeLimit()));
  }

  private static ChatResponse response(GenerateResponse answer) {
    return ChatResponse.newBuilder()
        .setCheckpointId(answer.getCheckpointId())
        .setMessage(Message.newBuilder().setRole(Role.ROLE_ASSISTANT).setContent(answer.getText()))
        .setFinishReason(answer.getFinishReason())
        .setUsage(answer.getUsage())
        .setEffectiveSampling(answer.getEffectiveSampling())
        .addAllTokenIds(answer.getTokenIdsList())
        .addAllLogProbs(answer.getLogProbsList())
        .addAllAlternatives(answer.getAlternativesList())
        .addAllPrompt(answer.getPromptList())
        .addAllMoreSamples(answer.getMoreSamplesList())
        .build();
  }
}
