package io.quartet.reward;

import io.grpc.stub.StreamObserver;
import io.quarkus.grpc.GrpcService;
import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Role;
import io.quartet.v1.Messages;
import io.quartet.v1.RewardServiceGrpc;
import io.quartet.v1.ScoreRequest;
import io.quartet.v1.ScoreResponse;
import io.quartet.v1.ScoredSequence;
import io.smallrye.common.annotation.Blocking;
import java.util.List;

/** Scores answers over gRPC: decode, call, encode. */
@GrpcService
@Blocking
public class RewardEndpoint extends RewardServiceGrpc.RewardServiceImplBase {
  private final RewardModels models;

  RewardEndpoint(RewardModels models) {
    this.models = models;
  }

  @Override
  public void score(ScoreRequest request, StreamObserver<ScoreResponse> response) {
    RewardScorer scorer = models.scorer(request.getRewardId(), request.getRewardDigest());
    List<int[]> sequences =
        request.getSequencesList().stream().map(sequence -> tokens(scorer, sequence)).toList();
    var scores =
        ScoreResponse.newBuilder()
            .setRewardId(scorer.checkpoint().id().toString())
            .setRewardDigest(scorer.checkpoint().digest());
    for (float reward : scorer.rewards(sequences)) {
      scores.addRewards(reward);
    }
    response.onNext(scores.build());
    response.onCompleted();
  }

  private static int[] tokens(RewardScorer scorer, ScoredSequence sequence) {
    return switch (sequence.getSequenceCase()) {
      case TOKENS ->
          sequence.getTokens().getIdsList().stream().mapToInt(Integer::intValue).toArray();
      case MESSAGES ->
          new ChatTemplate(scorer.tokenizer())
              .encode(conversation(sequence.getMessages()))
              .tokenIds();
      case SEQUENCE_NOT_SET ->
          throw new QuartetException(
              ErrorCode.INVALID_ARGUMENT, "sequence: neither tokens nor messages, expected one");
    };
  }

  private static Conversation conversation(Messages messages) {
    return new Conversation(
        messages.getMessagesList().stream()
            .map(message -> new Message(role(message.getRole()), message.getContent()))
            .toList());
  }

  private static Role role(io.quartet.v1.Role role) {
    return switch (role) {
      case ROLE_SYSTEM -> Role.SYSTEM;
      case ROLE_USER -> Role.USER;
      case ROLE_ASSISTANT -> Role.ASSISTANT;
      case ROLE_UNSPECIFIED, UNRECOGNIZED ->
          throw new QuartetException(
              ErrorCode.INVALID_ARGUMENT,
              "message: role %s, expected system, user or assistant".formatted(role));
    };
  }
}
