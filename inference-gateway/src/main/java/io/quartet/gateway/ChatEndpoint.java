package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.ChatRequest;
import io.quartet.v1.ChatResponse;
import io.quartet.v1.ChatServiceGrpc;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.Message;
import io.quartet.v1.Role;
import io.smallrye.common.annotation.Blocking;
import java.util.ArrayList;
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
    begin(
        request,
        new WholeAnswer<>(
            (ServerCallStreamObserver<ChatResponse>) responses, ChatEndpoint::response));
  }

  @Override
  @Blocking
  public void chatStream(ChatRequest request, StreamObserver<GenerateChunk> responses) {
    begin(request, new StreamedAnswer((ServerCallStreamObserver<GenerateChunk>) responses));
  }

  private void begin(ChatRequest request, AnswerSink sink) {
    Conversation conversation = conversation(request.getMessagesList());
    answering.begin(
        Question.one(
            request.getModel(),
            model -> model.template().prompt(conversation),
            request.getSampling(),
            true),
        answer -> sink);
  }

  private static Conversation conversation(List<Message> messages) {
    List<io.quartet.checkpoint.Message> turns = new ArrayList<>();
    for (Message message : messages) {
      turns.add(
          new io.quartet.checkpoint.Message(
              role(turns.size() + 1, message.getRole()), message.getContent()));
    }
    return new Conversation(turns);
  }

  private static io.quartet.checkpoint.Role role(int place, Role role) {
    return switch (role) {
      case ROLE_SYSTEM -> io.quartet.checkpoint.Role.SYSTEM;
      case ROLE_USER -> io.quartet.checkpoint.Role.USER;
      case ROLE_ASSISTANT -> io.quartet.checkpoint.Role.ASSISTANT;
      case ROLE_UNSPECIFIED, UNRECOGNIZED ->
          throw new QuartetException(
              INVALID_ARGUMENT,
              "message %d: role %s, expected system, user or assistant".formatted(place, role));
    };
  }

  private static ChatResponse response(GenerateResponse answer) {
    return ChatResponse.newBuilder()
        .setCheckpointId(answer.getCheckpointId())
        .setMessage(Message.newBuilder().setRole(Role.ROLE_ASSISTANT).setContent(answer.getText()))
        .setFinishReason(answer.getFinishReason())
        .setUsage(answer.getUsage())
        .setEffectiveSampling(answer.getEffectiveSampling())
        .build();
  }
}
