package io.quartet.gateway;

import static io.quartet.v1.FinishReason.FINISH_REASON_LENGTH;
import static io.quartet.v1.FinishReason.FINISH_REASON_STOP;
import static io.quartet.v1.FinishReason.FINISH_REASON_TIME_LIMIT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.google.protobuf.Duration;
import io.grpc.Status;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.service.EmbeddedBroker;
import io.quartet.v1.Alternative;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateResponse;
import io.quartet.v1.Priority;
import io.quartet.v1.Sample;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.TokenScore;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Each knob reaches the decoder and does what it says, over gRPC. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class SamplingKnobsTest extends GatewayFixture {
  private static final SamplingParameters FIVE = GREEDY.toBuilder().setMaxTokens(5).build();
  private static final int Y = 6 + 'y';
  private static final int Z = 6 + 'z';

  @Test
  void aBiasMakesATokenCome() {
    assertThat(text("!", FIVE)).isEqualTo("!!!!!");
    assertThat(text("!", FIVE.toBuilder().putLogitBias(6 + 'y', 100).build())).isEqualTo("yyyyy");
  }

  @Test
  void stopStringsThatAreTooManyOrTooShortAreRefused() {
    assertRefused(knobs -> knobs.addStop(""), "stop string of 0 characters, expected 1 to 256");
    assertRefused(
        knobs -> knobs.addAllStop(Collections.nCopies(17, "x")),
        "17 stop strings, expected at most 16");
  }

  private void assertRefused(UnaryOperator<SamplingParameters.Builder> change, String why) {
    SamplingParameters knobs = change.apply(FIVE.toBuilder()).build();
    assertStatus(
        () -> generate().generate(complete("rl", "x", knobs)),
        Status.Code.INVALID_ARGUMENT,
        "sampling: " + why);
  }

  @Test
  void aStopTokenEndsTheAnswer() {
    GenerateResponse answer =
        generate().generate(complete("rl", "x", GREEDY.toBuilder().addStopTokenIds(Y).build()));

    assertThat(answer.getTokenIdsList()).containsExactly(Y);
    assertThat(answer.getFinishReason()).isEqualTo(FINISH_REASON_STOP);
  }

  @Test
  void aRepetitionPenaltyEndsARepetition() {
    // "!" is followed by itself by a wide margin: only a strong penalty moves the choice.
    assertThat(text("!", FIVE.toBuilder().setRepetitionPenalty(100).build())).isNotEqualTo("!!!!!");
  }

  @Test
  void alternativesStandBesideEachTokenLikeliestFirst() {
    GenerateResponse answer =
        generate().generate(complete("rl", "x", GREEDY.toBuilder().setTopLogProbs(2).build()));

    assertThat(answer.getAlternativesList()).hasSize(3);
    assertThat(answer.getAlternativesList())
        .extracting(places -> places.getTokens(0).getTokenId())
        .isEqualTo(answer.getTokenIdsList());
    assertThat(answer.getAlternativesList())
        .extracting(places -> places.getTokens(0).getLogProb())
        .isEqualTo(answer.getLogProbsList());
    List<Alternative> first = answer.getAlternatives(0).getTokensList();
    assertThat(first.get(1).getLogProb()).isLessThan(first.get(0).getLogProb());
  }

  @Test
  void thePromptIsScoredAsIfItHadBeenGenerated() {
    GenerateResponse generated = generate().generate(complete("rl", "x", GREEDY));
    GenerateResponse scored =
        generate()
            .generate(complete("rl", "xyz", FIVE.toBuilder().setPromptLogProbs(true).build()));

    assertThat(scored.getPromptList()).extracting(TokenScore::getTokenId).containsExactly(Y, Z);
    assertThat(scored.getPrompt(1).getLogProb()).isCloseTo(generated.getLogProbs(1), within(1e-4f));
  }

  @Test
  void aLongScoredPromptComesInMessagesThatClientsTake() {
    SamplingParameters scored =
        GREEDY.toBuilder().setMaxTokens(0).setPromptLogProbs(true).setTopLogProbs(20).build();
    List<GenerateChunk> chunks = new ArrayList<>();
    generate()
        .generateStream(complete("rl", "x".repeat(9_000), scored))
        .forEachRemaining(chunks::add);

    assertThat(chunks)
        .allSatisfy(chunk -> assertThat(chunk.getSerializedSize()).isLessThan(1 << 20));
    assertThat(chunks.stream().mapToInt(GenerateChunk::getPromptCount).sum()).isEqualTo(8_999);
  }

  @Test
  void anEchoPutsThePromptFirst() {
    var asked = complete("rl", "12x", GREEDY).toBuilder().setEcho(true).build();
    List<GenerateChunk> chunks = new ArrayList<>();
    generate().generateStream(asked).forEachRemaining(chunks::add);

    assertThat(generate().generate(asked).getText()).isEqualTo("12xyz");
    assertThat(chunks.get(0).getText()).isEmpty();
    assertThat(chunks.get(1).getText()).isEqualTo("12x");
  }

  @Test
  void samplesAreWhatTheirSeedsGiveAlone() {
    SamplingParameters hot =
        FIVE.toBuilder().setTemperature(50).setSeed(7).setMaxTokens(12).build();
    GenerateResponse both =
        generate().generate(complete("rl", "x", hot).toBuilder().setSamples(2).build());
    GenerateResponse first = generate().generate(complete("rl", "x", hot));
    GenerateResponse second =
        generate().generate(complete("rl", "x", hot.toBuilder().setSeed(8).build()));

    assertThat(both.getTokenIdsList()).isEqualTo(first.getTokenIdsList());
    assertThat(both.getMoreSamplesList())
        .containsExactly(
            Sample.newBuilder()
                .setText(second.getText())
                .addAllTokenIds(second.getTokenIdsList())
                .addAllLogProbs(both.getMoreSamples(0).getLogProbsList())
                .setFinishReason(second.getFinishReason())
                .build());
    assertThat(both.getUsage())
        .isEqualTo(usage(1, first.getTokenIdsCount() + second.getTokenIdsCount()));
  }

  @Test
  void aStreamTellsWhichSampleAPartIsOf() {
    List<GenerateChunk> chunks = new ArrayList<>();
    generate()
        .generateStream(complete("rl", "x", GREEDY).toBuilder().setSamples(2).build())
        .forEachRemaining(chunks::add);

    String[] texts = {"", ""};
    chunks.forEach(chunk -> texts[chunk.getSample()] += chunk.getText());
    assertThat(texts).containsExactly("yz", "yz");
    assertThat(chunks.stream().filter(GenerateChunk::hasUsage)).hasSize(2);
  }

  @Test
  void aTimeLimitEndsTheAnswerWithWhatThereIs() {
    GenerateResponse answer =
        generate()
            .generate(
                complete("rl", "!", GREEDY).toBuilder()
                    .setPriority(Priority.PRIORITY_BATCH)
                    .setTimeLimit(Duration.newBuilder().setNanos(300_000_000))
                    .build());

    assertThat(answer.getFinishReason()).isEqualTo(FINISH_REASON_TIME_LIMIT);
    assertThat(answer.getText()).isEqualTo("!".repeat(answer.getTokenIdsCount()));
    assertThat(answer.getUsage().getCompletionTokens()).isLessThan(LONG_CONTEXT - 1);
  }

  @Test
  void nothingOfAStopStringIsSeenWhereverItsTokensAreCut() {
    GenerateResponse answer =
        generate().generate(complete("rl", "!", FIVE.toBuilder().addStop("!!!!").build()));

    assertThat(answer.getText()).isEmpty();
    assertThat(answer.getFinishReason()).isEqualTo(FINISH_REASON_STOP);
    assertThat(generate().generate(complete("rl", "!", FIVE.toBuilder().addStop("!!!!!!").build())))
        .extracting(GenerateResponse::getText, GenerateResponse::getFinishReason)
        .containsExactly("!!!!!", FINISH_REASON_LENGTH);
  }

  private String text(String prompt, SamplingParameters sampling) {
    return generate().generate(complete("rl", prompt, sampling)).getText();
  }
}
