package io.quartet.gateway;

import static io.quartet.v1.FinishReason.FINISH_REASON_STOP;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.protobuf.Duration;
import io.grpc.Status;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.service.EmbeddedBroker;
import io.quartet.v1.ChatRequest;
import io.quartet.v1.ChatResponse;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateRequest;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.Message;
import io.quartet.v1.Role;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.TokenIds;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What is asked over gRPC is answered, or refused with the reason. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class AnswersTest extends GatewayFixture {
  private static final String HOPELESS =
      "prompt of at least 38461 tokens, expected at most the context length 64 of sft/talk/1";

  @Test
  void aChatStreamSaysWhoAnswersAndHowThenTheTextThenWhyItEnded() {
    List<GenerateChunk> chunks = new ArrayList<>();
    chat().chatStream(ask("sft", GREEDY)).forEachRemaining(chunks::add);

    GenerateChunk first = chunks.get(0);
    GenerateChunk last = chunks.get(chunks.size() - 1);
    assertThat(first.getCheckpointId()).isEqualTo("sft/talk/1");
    assertThat(first.getText()).isEmpty();
    assertThat(first.getEffectiveSampling().hasSeed()).isTrue();
    assertThat(chunks.stream().map(GenerateChunk::getText).collect(Collectors.joining()))
        .isEqualTo(ANSWER);
    assertThat(last.getFinishReason()).isEqualTo(FINISH_REASON_STOP);
    assertThat(last.getUsage()).isEqualTo(usage(5, 13));
  }

  @Test
  void aChatAnswerIsTheSameTextAtOnce() {
    ChatResponse response = chat().chat(ask("sft/talk/1", GREEDY));

    assertThat(response)
        .isEqualTo(
            ChatResponse.newBuilder()
                .setCheckpointId("sft/talk/1")
                .setMessage(Message.newBuilder().setRole(Role.ROLE_ASSISTANT).setContent(ANSWER))
                .setFinishReason(FINISH_REASON_STOP)
                .setUsage(usage(5, 13))
                .setEffectiveSampling(response.getEffectiveSampling())
                .addAllTokenIds(response.getTokenIdsList())
                .addAllLogProbs(response.getLogProbsList())
                .build());
    assertThat(response.getTokenIdsList()).hasSize(13);
    assertThat(response.getEffectiveSampling().getMaxTokens())
        .isEqualTo(ScriptedModels.CONTEXT - 5);
  }

  @Test
  void aCompletionCarriesItsTokensAndTheirLogProbs() {
    GenerateResponse response = generate().generate(complete("rl", "x", GREEDY));

    assertThat(response.getText()).isEqualTo("yz");
    assertThat(response.getTokenIdsList()).containsExactly(6 + 'y', 6 + 'z', 4);
    assertThat(response.getLogProbsList()).hasSize(3).allMatch(p -> p <= 0 && p > -0.1);
    assertThat(response.getUsage()).isEqualTo(usage(1, 3));
  }

  @Test
  void tokensAreTakenAsTheyAreAndNoTextIsTheBeginningOfADocument() {
    var tokens = TokenIds.newBuilder().addIds(6 + 'x');
    var byTokens =
        GenerateRequest.newBuilder().setModel("rl").setTokens(tokens).setSampling(GREEDY).build();
    var few = GREEDY.toBuilder().setMaxTokens(2).build();

    assertThat(generate().generate(byTokens).getText()).isEqualTo("yz");
    assertThat(generate().generate(complete("rl", "", few)).getUsage()).isEqualTo(usage(1, 1));
  }

  @Test
  void aStopStringEndsTheAnswerAndIsNeverSeen() {
    var sampling = GREEDY.toBuilder().addStop("🌍b").addStop("zzz").build();
    List<GenerateChunk> chunks = new ArrayList<>();
    chat().chatStream(ask("sft/talk/1", sampling)).forEachRemaining(chunks::add);

    assertThat(chunks.stream().map(GenerateChunk::getText).collect(Collectors.joining()))
        .isEqualTo("aé");
    GenerateChunk last = chunks.get(chunks.size() - 1);
    assertThat(last.getFinishReason()).isEqualTo(FINISH_REASON_STOP);
    assertThat(last.getUsage().getCompletionTokens()).isEqualTo(9);
  }

  @Test
  void whatIsKnownOfAPromptIsToldWithTheUsage() {
    String prompt = "known ".repeat(12); // 72 tokens: two blocks of 32, and some
    var sampling = GREEDY.toBuilder().setMaxTokens(40).addStop("   ").build();
    GenerateResponse first = generate().generate(complete("rl", prompt, sampling));

    GenerateResponse second = generate().generate(complete("rl", prompt, sampling));

    assertThat(first.getUsage().getCachedPromptTokens()).isZero();
    assertThat(second.getFinishReason()).isEqualTo(FINISH_REASON_STOP);
    assertThat(second.getUsage())
        .isEqualTo(first.getUsage().toBuilder().setCachedPromptTokens(64).build());
  }

  @Test
  void theSameSeedGivesTheSameAnswer() {
    var hot = SamplingParameters.newBuilder().setTemperature(50).setMaxTokens(20).build();
    GenerateResponse first = generate().generate(complete("rl", "x", hot));

    GenerateResponse second =
        generate().generate(complete("rl", "x", first.getEffectiveSampling()));

    assertThat(second).isEqualTo(first);
    assertThat(generate().generate(complete("rl", "x", hot)).getTokenIdsList())
        .isNotEqualTo(first.getTokenIdsList());
  }

  @Test
  void requestsThatCannotBeAnsweredSayWhy() {
    training().announce(ScriptedModels.publishReward(training().store(), "reward/judge/1"));
    await()
        .untilAsserted(
            () ->
                assertStatus(
                    () -> chat().chat(ask("reward/judge/1", GREEDY)),
                    Status.Code.INVALID_ARGUMENT,
                    "model 'reward/judge/1' is a reward model, which scores answers and writes"
                        + " none"));
    assertStatus(
        () -> chat().chat(ask("gpt-5", GREEDY)),
        Status.Code.NOT_FOUND,
        "no model 'gpt-5'; there are ");
    assertStatus(
        () -> generate().generate(complete("sft/talk/1", "x".repeat(70), GREEDY)),
        Status.Code.INVALID_ARGUMENT,
        "prompt of 70 tokens, expected fewer than the context length 64 of sft/talk/1");
    assertStatus(
        () -> generate().generate(complete("sft/talk/1", "x".repeat(500_000), GREEDY)),
        Status.Code.INVALID_ARGUMENT,
        HOPELESS);
    assertStatus(
        () ->
            chat()
                .chat(
                    ChatRequest.newBuilder()
                        .setModel("sft/talk/1")
                        .addMessages(
                            Message.newBuilder()
                                .setRole(Role.ROLE_USER)
                                .setContent("x".repeat(500_000)))
                        .build()),
        Status.Code.INVALID_ARGUMENT,
        HOPELESS);
    assertStatus(
        () -> chat().chat(ask("sft", SamplingParameters.newBuilder().setTemperature(-1).build())),
        Status.Code.INVALID_ARGUMENT,
        "sampling: temperature -1.0, expected 0 to 100");
    assertStatus(
        () -> chat().chat(ChatRequest.newBuilder().setModel("sft").build()),
        Status.Code.INVALID_ARGUMENT,
        "conversation: found no message");
    assertStatus(
        () ->
            chat()
                .chat(
                    ChatRequest.newBuilder()
                        .setModel("sft")
                        .addMessages(Message.newBuilder().setContent("hi"))
                        .build()),
        Status.Code.INVALID_ARGUMENT,
        "message 1: role ROLE_UNSPECIFIED, expected system, user or assistant");
    assertStatus(
        () ->
            generate()
                .generate(
                    GenerateRequest.newBuilder()
                        .setModel("sft")
                        .setTokens(TokenIds.newBuilder().addIds(999))
                        .build()),
        Status.Code.INVALID_ARGUMENT,
        "token 999 at place 0, expected 0 to 261 of sft/talk/1");
    assertStatus(
        () -> generate().generate(GenerateRequest.newBuilder().setModel("sft").build()),
        Status.Code.INVALID_ARGUMENT,
        "prompt: none, expected text or tokens");
    var never = Duration.newBuilder().setSeconds(Long.MAX_VALUE).setNanos(2_000_000_000);
    assertStatus(
        () -> chat().chat(ask("sft", GREEDY).toBuilder().setTimeLimit(never).build()),
        Status.Code.INVALID_ARGUMENT,
        "time_limit: 9223372036854775807 s and 2000000000 ns, expected 0 to 315576000000 s");
    assertStatus(
        () -> generate().generate(complete("sft", "x".repeat(2 << 20), GREEDY)),
        Status.Code.RESOURCE_EXHAUSTED,
        "");
  }
}
