package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import com.google.protobuf.MessageLite;
import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.v1.ApplyChatTemplateRequest;
import io.quartet.v1.ApplyChatTemplateResponse;
import io.quartet.v1.CountTokensRequest;
import io.quartet.v1.CountTokensResponse;
import io.quartet.v1.DecodeRequest;
import io.quartet.v1.DecodeResponse;
import io.quartet.v1.EncodeRequest;
import io.quartet.v1.EncodeResponse;
import io.quartet.v1.TokenIds;
import io.quartet.v1.TokenizerServiceGrpc;
import io.smallrye.common.annotation.Blocking;
import java.util.Arrays;
import java.util.function.Function;

/** Tells what a served model makes of text. */
@GrpcService
public class TokenizerEndpoint extends TokenizerServiceGrpc.TokenizerServiceImplBase {
  private static final String SERVICE = "tokenizer";

  private final Answering answering;

  TokenizerEndpoint(Answering answering) {
    this.answering = answering;
  }

  @Override
  @Blocking
  public void encode(EncodeRequest request, StreamObserver<EncodeResponse> responses) {
    answer(
        request,
        request.getModel(),
        responses,
        model -> {
          var response = EncodeResponse.newBuilder().setCheckpointId(id(model));
          Tokenizer tokenizer = model.tokenizer();
          for (String text : request.getTextsList()) {
            response.addTokens(
                ids(
                    request.getContinued()
                        ? tokenizer.encodeContinued(text)
                        : tokenizer.encodeWhole(text)));
          }
          return response.build();
        });
  }

  @Override
  @Blocking
  public void decode(DecodeRequest request, StreamObserver<DecodeResponse> responses) {
    answer(
        request,
        request.getModel(),
        responses,
        model -> {
          var response = DecodeResponse.newBuilder().setCheckpointId(id(model));
          request
              .getTokensList()
              .forEach(
                  tokens -> response.addTexts(model.tokenizer().decode(Requests.tokens(tokens))));
          return response.build();
        });
  }

  @Override
  @Blocking
  public void countTokens(
      CountTokensRequest request, StreamObserver<CountTokensResponse> responses) {
    answer(
        request,
        request.getModel(),
        responses,
        model ->
            CountTokensResponse.newBuilder()
                .setCheckpointId(id(model))
                .setTokens(tokens(model, request).length)
                .setContextLength(model.contextLength())
                .build());
  }

  @Override
  @Blocking
  public void applyChatTemplate(
      ApplyChatTemplateRequest request, StreamObserver<ApplyChatTemplateResponse> responses) {
    answer(
        request,
        request.getModel(),
        responses,
        model ->
            ApplyChatTemplateResponse.newBuilder()
                .setCheckpointId(id(model))
                .setTokens(ids(model.template().prompt(conversation(request))))
                .build());
  }

  private <R> void answer(
      MessageLite request,
      String model,
      StreamObserver<R> responses,
      Function<ServedModel, R> answer) {
    responses.onNext(answering.with(SERVICE, model, request.getSerializedSize(), answer));
    responses.onCompleted();
  }

  private static int[] tokens(ServedModel model, CountTokensRequest request) {
    return switch (request.getInputCase()) {
      case TEXT -> model.tokenizer().encodeWhole(request.getText());
      case MESSAGES ->
          model.template().prompt(Requests.conversation(request.getMessages().getMessagesList()));
      case INPUT_NOT_SET ->
          throw new QuartetException(INVALID_ARGUMENT, "input: none, expected text or messages");
    };
  }

  private static Conversation conversation(ApplyChatTemplateRequest request) {
    return Requests.conversation(request.getMessagesList());
  }

  private static String id(ServedModel model) {
    return model.checkpoint().id().toString();
  }

  private static TokenIds ids(int[] tokens) {
    return TokenIds.newBuilder().addAllIds(Arrays.stream(tokens).boxed().toList()).build();
  }
}
