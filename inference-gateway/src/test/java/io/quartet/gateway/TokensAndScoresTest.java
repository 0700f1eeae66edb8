package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.awaitility.Awaitility.await;

import io.grpc.Status;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.service.EmbeddedBroker;
import io.quartet.v1.ApplyChatTemplateRequest;
import io.quartet.v1.ApplyChatTemplateResponse;
import io.quartet.v1.CountTokensRequest;
import io.quartet.v1.CountTokensResponse;
import io.quartet.v1.DecodeRequest;
import io.quartet.v1.EncodeRequest;
import io.quartet.v1.EncodeResponse;
import io.quartet.v1.FewShotRequest;
import io.quartet.v1.FewShotResponse;
import io.quartet.v1.FinishReason;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.LogProbsRequest;
import io.quartet.v1.LogProbsResponse;
import io.quartet.v1.Message;
import io.quartet.v1.Messages;
import io.quartet.v1.ModelState;
import io.quartet.v1.Role;
import io.quartet.v1.Sample;
import io.quartet.v1.ScoreRequest;
import io.quartet.v1.ScoreServiceGrpc;
import io.quartet.v1.ScoredText;
import io.quartet.v1.TextScore;
import io.quartet.v1.TokenIds;
import io.quartet.v1.TokenScore;
import io.quartet.v1.TokenizerServiceGrpc;
import java.util.Collections;
import org.junit.jupiter.api.Test;

/** What models make of given texts: TokenizerService, ScoreService and FewShot. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class TokensAndScoresTest extends GatewayFixture {
  private static final Message QUESTION =
      Message.newBuilder().setRole(Role.ROLE_USER).setContent("x").build();

  @Test
  void textBecomesTokensAndTextAgain() {
    EncodeResponse encoded =
        tokenizer()
            .encode(
                EncodeRequest.newBuilder()
                    .setModel("sft/talk/1")
                    .addTexts("é!")
                    .addTexts("")
                    .build());

    assertThat(encoded)
        .isEqualTo(
            EncodeResponse.newBuilder()
                .setCheckpointId("sft/talk/1")
                .addTokens(ids(6 + 0xc3, 6 + 0xa9, 6 + '!'))
                .addTokens(ids())
                .build());
    assertThat(
            tokenizer()
                .decode(
                    DecodeRequest.newBuilder()
                        .setModel("sft")
                        .addAllTokens(encoded.getTokensList())
                        .build())
                .getTextsList())
        .containsExactly("é!", "");
  }

  @Test
  void aTextBeginsAsTheModelsOwnTokenizerBeginsIt() {
    String model = "base/begun/1";
    training().announce(ScriptedModels.publishBegun(training().store(), model, "xyz"));
    await(model).until(() -> state(model) == ModelState.MODEL_STATE_READY);

    assertThat(generate().generate(complete(model, "x", GREEDY)).getUsage()).isEqualTo(usage(2, 3));
    assertThat(chat().chat(ask(model, GREEDY)).getUsage().getPromptTokens()).isEqualTo(5);
    var texts = EncodeRequest.newBuilder().setModel(model).addTexts("x").addTexts("");
    assertThat(tokenizer().encode(texts.build()).getTokensList())
        .containsExactly(ids(0, 6 + 'x'), ids(0));
    assertThat(tokenizer().encode(texts.setContinued(true).build()).getTokensList())
        .containsExactly(ids(6 + 'x'), ids());
    LogProbsResponse scored =
        scores()
            .logProbs(
                LogProbsRequest.newBuilder()
                    .setModel(model)
                    .addTexts(ScoredText.newBuilder().setText("xy"))
                    .build());
    assertThat(scored.getScores(0).getTokensList())
        .extracting(TokenScore::getTokenId)
        .containsExactly(6 + 'x', 6 + 'y');
  }

  @Test
  void aConversationIsCountedAsTheModelReadsIt() {
    ApplyChatTemplateResponse prompt =
        tokenizer()
            .applyChatTemplate(
                ApplyChatTemplateRequest.newBuilder()
                    .setModel("sft/talk/1")
                    .addMessages(QUESTION)
                    .build());
    CountTokensResponse count =
        tokenizer()
            .countTokens(
                CountTokensRequest.newBuilder()
                    .setModel("sft/talk/1")
                    .setMessages(Messages.newBuilder().addMessages(QUESTION))
                    .build());

    assertThat(prompt.getTokens().getIdsList()).hasSize(5).contains(6 + ' ', 6 + 'x');
    assertThat(count)
        .isEqualTo(
            CountTokensResponse.newBuilder()
                .setCheckpointId("sft/talk/1")
                .setTokens(5)
                .setContextLength(ScriptedModels.CONTEXT)
                .build());
  }

  @Test
  void textsAreScoredAsTheyWouldHaveBeenGenerated() {
    GenerateResponse generated = generate().generate(complete("rl", "x", GREEDY));
    LogProbsResponse scored =
        scores()
            .logProbs(
                LogProbsRequest.newBuilder()
                    .setModel("rl")
                    .addTexts(ScoredText.newBuilder().setText("xyz"))
                    .addTexts(ScoredText.newBuilder().setTokens(ids(6 + 'z', 6 + 'x')))
                    .setTopLogProbs(1)
                    .build());

    assertThat(scored.getCheckpointId()).isEqualTo("rl/long/1");
    assertThat(scored.getUsage()).isEqualTo(usage(5, 0));
    TextScore likely = scored.getScores(0);
    assertThat(likely.getTokensList())
        .extracting(TokenScore::getTokenId)
        .containsExactly(6 + 'y', 6 + 'z');
    assertThat(likely.getLogProb())
        .isCloseTo(generated.getLogProbs(0) + generated.getLogProbs(1), within(1e-4));
    TokenScore unlikely = scored.getScores(1).getTokens(0);
    assertThat(unlikely.getLogProb()).isLessThan(-5);
    assertThat(unlikely.getAlternatives(0).getTokenId()).isEqualTo(4);
  }

  @Test
  void aTextMayFillTheContextAndNoMore() {
    var request = LogProbsRequest.newBuilder().setModel("sft/talk/1");
    String full = "x".repeat(ScriptedModels.CONTEXT);

    LogProbsResponse scored =
        scores().logProbs(request.clone().addTexts(ScoredText.newBuilder().setText(full)).build());

    assertThat(scored.getScores(0).getTokensCount()).isEqualTo(ScriptedModels.CONTEXT - 1);
    assertStatus(
        () ->
            scores()
                .logProbs(
                    request.clone().addTexts(ScoredText.newBuilder().setText(full + "x")).build()),
        Status.Code.INVALID_ARGUMENT,
        "prompt of 65 tokens, expected at most the context length 64 of sft/talk/1");
  }

  @Test
  void moreTextsThanCanEverBeScoredAtOnceAreWrong() {
    assertStatus(
        () -> scores().logProbs(texts(SmallGateway.SLOTS + SmallGateway.WAITING + 1)),
        Status.Code.INVALID_ARGUMENT,
        "model 'rl/long/1': 5 answers at once, expected at most 4");
    assertStatus(
        () -> scores().logProbs(texts(81)),
        Status.Code.INVALID_ARGUMENT,
        "answers to all prompts: 81, expected 1 to 64");
  }

  @Test
  void aRewardModelThatNobodyAnnouncedIsNotFound() {
    assertStatus(
        () -> scores().rewards(ScoreRequest.newBuilder().setRewardId("reward/none/1").build()),
        Status.Code.NOT_FOUND,
        "no reward model 'reward/none/1'; there are ");
  }

  @Test
  void whatTheServiceOfARewardModelAnswersIsPassedOn() {
    training().announce(ScriptedModels.publishReward(training().store(), "reward/away/1"));

    // The training side of this test serves checkpoints and no rewards.
    await()
        .untilAsserted(
            () ->
                assertStatus(
                    () ->
                        scores()
                            .rewards(
                                ScoreRequest.newBuilder().setRewardId("reward/away/1").build()),
                    Status.Code.INTERNAL,
                    "reward service at 127.0.0.1:"));
  }

  @Test
  void fewShotsGiveOneMoreOfTheKindForEachSample() {
    FewShotResponse more =
        generate()
            .fewShot(
                FewShotRequest.newBuilder()
                    .setModel("rl")
                    .setTitle("Letters:")
                    .addExamples("a")
                    .addExamples("b")
                    .setCount(2)
                    // After a line's end this model repeats the line's end: the stop string comes.
                    .setSampling(GREEDY)
                    .build());

    assertThat(more.getPrompt()).isEqualTo("Letters:\n\na\nb\n");
    assertThat(more.getItemsList())
        .hasSize(2)
        .extracting(Sample::getFinishReason)
        .containsOnly(FinishReason.FINISH_REASON_STOP);
    assertThat(more.getEffectiveSampling().getStopList()).containsExactly("\n");
    assertThat(more.getEffectiveSampling().getMaxTokens()).isEqualTo(FewShot.MAX_TOKENS);
  }

  @Test
  void whatSeparatesThingsIsNoStopStringOfTheCaller() {
    String rule = "-".repeat(300);
    FewShotResponse more =
        generate()
            .fewShot(
                FewShotRequest.newBuilder()
                    .setModel("rl")
                    .addExamples("a\n\n" + rule + "\n\nb")
                    .setSampling(
                        GREEDY.toBuilder()
                            .setMaxTokens(1)
                            .addAllStop(Collections.nCopies(16, "never")))
                    .build());

    assertThat(more.getEffectiveSampling().getStopList())
        .hasSize(17)
        .endsWith("\n\n-" + rule + "\n\n");
  }

  private TokenizerServiceGrpc.TokenizerServiceBlockingStub tokenizer() {
    return TokenizerServiceGrpc.newBlockingStub(channel()).withDeadlineAfter(60, SECONDS);
  }

  private ScoreServiceGrpc.ScoreServiceBlockingStub scores() {
    return ScoreServiceGrpc.newBlockingStub(channel()).withDeadlineAfter(60, SECONDS);
  }

  private static LogProbsRequest texts(int count) {
    return LogProbsRequest.newBuilder()
        .setModel("rl")
        .addAllTexts(Collections.nCopies(count, ScoredText.newBuilder().setText("xy").build()))
        .build();
  }

  private static TokenIds ids(Integer... ids) {
    return TokenIds.newBuilder().addAllIds(java.util.List.of(ids)).build();
  }
}
