package io.quartet.gateway;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.service.EmbeddedBroker;
import io.quartet.v1.FinishReason;
import io.quartet.v1.GenerateChunk;
import io.quartet.v1.GenerateResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** A caller's deadline reaches the decoder: what there is by then comes in time. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class DeadlineTest extends GatewayFixture {
  @Test
  void anAnswerThatIsNotWholeByTheDeadlineIsCutShortBeforeIt() {
    GenerateResponse answer =
        generate().withDeadlineAfter(10, SECONDS).generate(complete("rl", "!", GREEDY));

    assertThat(answer.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_TIME_LIMIT);
    assertThat(answer.getText()).matches("!+").hasSizeLessThan(LONG_CONTEXT - 1);
  }

  @Test
  void aStreamSaysThatItsTimeIsOver() {
    List<GenerateChunk> chunks = new ArrayList<>();
    generate()
        .withDeadlineAfter(10, SECONDS)
        .generateStream(complete("rl", "!", GREEDY))
        .forEachRemaining(chunks::add);

    GenerateChunk last = chunks.get(chunks.size() - 1);
    assertThat(last.getFinishReason()).isEqualTo(FinishReason.FINISH_REASON_TIME_LIMIT);
    assertThat(chunks.stream().map(GenerateChunk::getText).collect(Collectors.joining()))
        .hasSize(last.getUsage().getCompletionTokens());
  }
}
