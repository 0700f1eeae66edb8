package io.quartet.gateway.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quarkus.test.common.QuarkusTestResource;
import io.quarkus.test.junit.QuarkusTest;
import io.quartet.gateway.SmallGateway;
import io.quartet.service.EmbeddedBroker;
import java.time.Instant;
import org.junit.jupiter.api.Test;

/** {@code GET /v1/models}. */
@QuarkusTest
@QuarkusTestResource(EmbeddedBroker.class)
@QuarkusTestResource(SmallGateway.class)
class ModelsTest extends OpenAiFixture {
  @Test
  void everyNameThatARequestCanUseIsListed() throws Exception {
    JsonNode list = json(get("/v1/models"));

    assertThat(list.get("object").asText()).isEqualTo("list");
    assertThat(list.get("data"))
        .extracting(model -> model.get("id").asText())
        .contains("sft", "rl", "sft/talk/1", "rl/long/1");
  }

  @Test
  void aModelIsFoundByEitherNameHoweverItsSlashesAreWritten() throws Exception {
    assertThat(named("/v1/models/sft"))
        .isEqualTo(
            quoted(
                "{'id': 'sft', 'object': 'model', 'owned_by': 'quartet', 'root': 'sft/talk/1'}"));
    assertThat(named("/v1/models/sft%2Ftalk%2F1"))
        .isEqualTo(named("/v1/models/sft/talk/1"))
        .isEqualTo(
            quoted(
                "{'id': 'sft/talk/1', 'object': 'model', 'owned_by': 'quartet',"
                    + " 'root': 'sft/talk/1'}"));
  }

  @Test
  void anUnknownOneIsRefused() throws Exception {
    assertThat(json(get("/v1/models/gpt-5")).at("/error/code").asText())
        .isEqualTo("model_not_found");
  }

  private JsonNode named(String path) throws Exception {
    var model = (ObjectNode) json(get(path));
    assertThat(Instant.ofEpochSecond(model.remove("created").asLong()))
        .isBetween(Instant.now().minusSeconds(3600), Instant.now());
    return model;
  }
}
