package io.quartet.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.NettyServerBuilder;
import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Role;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.SequenceScorer;
import io.quartet.service.GrpcChannels;
import io.quartet.service.GrpcErrors;
import io.quartet.v1.Message;
import io.quartet.v1.Messages;
import io.quartet.v1.RewardServiceGrpc;
import io.quartet.v1.ScoreRequest;
import io.quartet.v1.ScoreResponse;
import io.quartet.v1.ScoredSequence;
import io.quartet.v1.TokenIds;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Over the real wire, with a real untrained model. */
class RewardEndpointTest {
  private static final List<String> ANSWERS =
      List.of("A fruit.", "A small tool for cutting bread, of iron.", "An animal that barks.");

  @TempDir private static Path folder;
  private static Checkpoint base;
  private static Checkpoint reward;
  private static Tokenizer tokenizer;
  private static RewardModels models;
  private static Server server;
  private static ManagedChannel channel;

  @BeforeAll
  static void serve() throws Exception {
    var store = new CheckpointStore(folder);
    var untrained = new UntrainedModels(store);
    base = untrained.base();
    untrained.sft(base);
    reward = untrained.reward(base);
    tokenizer = base.tokenizer();
    models = new RewardModels(store);
    server =
        NettyServerBuilder.forAddress(
                new InetSocketAddress("127.0.0.1", 0), InsecureServerCredentials.create())
            .addService(new RewardEndpoint(models))
            .intercept(new GrpcErrors())
            .build()
            .start();
    channel = GrpcChannels.open("127.0.0.1:" + server.getPort());
  }

  @AfterAll
  static void close() {
    channel.shutdownNow();
    server.shutdownNow();
    models.close();
    tokenizer.close();
  }

  @Test
  void anAnswerOfRowsThatTheTokenizerHasNotIsScored() {
    int[] tokens = tokens(0);
    tokens[tokens.length - 2] = tokenizer.vocabularySize() + UntrainedModels.SPARE_ROWS - 1;

    assertThat(score("", List.of(sequence(tokens))).getRewards(0)).isFinite();
  }

  @Test
  void tokensAndMessagesHaveTheSameReward() {
    ScoreResponse scores = score(reward.digest(), List.of(messages(0), sequence(tokens(0))));

    assertThat(scores.getRewardsList()).hasSize(2);
    assertThat(scores.getRewards(0)).isEqualTo(scores.getRewards(1), within(1e-5f));
    assertThat(scores.getRewardId()).isEqualTo("reward/r/10");
    assertThat(scores.getRewardDigest()).isEqualTo(reward.digest());
  }

  @Test
  void aModelThatNobodyAsksForIsLetGoAndLoadedAgain() {
    var resting = new RewardModels(new CheckpointStore(folder), Duration.ofSeconds(2));
    try {
      String id = reward.id().toString();
      float[] before = resting.scorer(id, "").rewards(List.of(tokens(0)));
      await().atMost(Duration.ofMinutes(1)).until(() -> !resting.loaded());

      float[] after = resting.scorer(id, "").rewards(List.of(tokens(0)));

      assertThat(after).isEqualTo(before);
      assertThat(resting.loaded()).isTrue();
    } finally {
      resting.close();
    }
  }

  @Test
  void aRewardIsTheScaledScoreOfRecitalAndConversation() {
    float raw;
    int tokens = UntrainedModels.SCALE.recitalTokens();
    try (var recital = Recital.open(base, tokenizer, tokens, new DecoderOptions(2, 1));
        var scorer = SequenceScorer.open(reward, 1)) {
      raw = scorer.rewards(recital.before(List.of(tokens(0))))[0];
    }

    float served = score("", List.of(sequence(tokens(0)))).getRewards(0);

    assertThat(served).isEqualTo((raw - 0.5f) / 0.25f, within(1e-4f));
  }

  @Test
  void scoringTogetherIsScoringEachAlone() {
    ScoreResponse together = score("", List.of(messages(0), messages(1), messages(2)));

    assertThat(together.getRewardsList()).doesNotHaveDuplicates();
    for (int i = 0; i < ANSWERS.size(); i++) {
      assertThat(together.getRewards(i))
          .isEqualTo(score("", List.of(messages(i))).getRewards(0), within(1e-4f));
    }
  }

  @Test
  void anUnknownModelIsNotFound() {
    refused("reward/other/1", "", messages(0), Status.Code.NOT_FOUND, "reward/other/1");
  }

  @Test
  void aModelOfAnotherStageIsAnInvalidArgument() {
    refused("sft/r/15", "", messages(0), Status.Code.INVALID_ARGUMENT, "a sft model");
  }

  @Test
  void anotherDigestThanThePinnedOneIsAFailedPrecondition() {
    refused(
        "reward/r/10",
        "0000",
        messages(0),
        Status.Code.FAILED_PRECONDITION,
        "digest " + reward.digest() + ", expected 0000");
  }

  @Test
  void aSequenceThatIsNotOneIsAnInvalidArgument() {
    Status.Code invalid = Status.Code.INVALID_ARGUMENT;
    refused("reward/r/10", "", sequence(), invalid, "sequence of 0 tokens");
    refused("reward/r/10", "", sequence(new int[129]), invalid, "sequence of 129 tokens");
    int[] stranger = tokens(0);
    stranger[1] = 99_999;
    refused("reward/r/10", "", sequence(stranger), invalid, "token 99999");
    refused("reward/r/10", "", ScoredSequence.getDefaultInstance(), invalid, "neither tokens nor");
  }

  @Test
  void aModelThatMadeRoomForAnotherAsksToBeAskedAgain() {
    RewardScorer scorer = RewardScorer.open(reward, base, 1);
    scorer.close();

    assertThatThrownBy(() -> scorer.rewards(List.of(tokens(0))))
        .isInstanceOf(QuartetException.class)
        .hasMessage("reward model 'reward/r/10' makes room for another; ask again");
  }

  private static void refused(
      String id, String digest, ScoredSequence sequence, Status.Code code, String reason) {
    var request =
        ScoreRequest.newBuilder()
            .setRewardId(id)
            .setRewardDigest(digest)
            .addSequences(sequence)
            .build();
    assertThatThrownBy(() -> RewardServiceGrpc.newBlockingStub(channel).score(request))
        .isInstanceOfSatisfying(
            StatusRuntimeException.class, e -> assertThat(e.getStatus().getCode()).isEqualTo(code))
        .hasMessageContaining(reason);
  }

  private static ScoreResponse score(String digest, List<ScoredSequence> sequences) {
    return RewardServiceGrpc.newBlockingStub(channel)
        .score(
            ScoreRequest.newBuilder()
                .setRewardId(reward.id().toString())
                .setRewardDigest(digest)
                .addAllSequences(sequences)
                .build());
  }

  private static ScoredSequence messages(int answer) {
    return ScoredSequence.newBuilder()
        .setMessages(
            Messages.newBuilder()
                .addMessages(
                    Message.newBuilder()
                        .setRole(io.quartet.v1.Role.ROLE_USER)
                        .setContent("What does apple mean?"))
                .addMessages(
                    Message.newBuilder()
                        .setRole(io.quartet.v1.Role.ROLE_ASSISTANT)
                        .setContent(ANSWERS.get(answer))))
        .build();
  }

  private static int[] tokens(int answer) {
    return new ChatTemplate(tokenizer)
        .encode(
            Conversation.of(
                new io.quartet.checkpoint.Message(Role.USER, "What does apple mean?"),
                new io.quartet.checkpoint.Message(Role.ASSISTANT, ANSWERS.get(answer))))
        .tokenIds();
  }

  private static ScoredSequence sequence(int... ids) {
    return ScoredSequence.newBuilder()
        .setTokens(TokenIds.newBuilder().addAllIds(Arrays.stream(ids).boxed().toList()))
        .build();
  }
}
