package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.quartet.decoder.DecoderMemory;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.Precision;
import io.quartet.service.CheckpointExchange;
import io.quartet.service.Events;
import io.quartet.service.RemoteCheckpointStore;
import io.quartet.v1.ModelState;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** What a precision costs, measured where memory is short. */
class PrecisionLossTest extends CatalogFixture {
  private static final DecoderOptions INT8 = new DecoderOptions(16, 1, Precision.INT8);

  @Test
  void itIsMeasuredWhereTheWeightsAsTheyAreFitAlone() {
    ModelCatalog tight =
        catalog(DecoderMemory.of(ScriptedModels.config(ScriptedModels.CONTEXT), full()));
    announce("rl/r/1", 1);
    var events = new Events("127.0.0.1:1", (short) 1);
    var exchange =
        new CheckpointExchange(
            store, new RemoteCheckpointStore(store, folder.resolve("incoming")), events, "nowhere");
    try (events;
        var loader =
            new ModelLoader(
                tight,
                new LocalCopies(exchange, folder.resolve("fetched.txt")),
                INT8,
                ROOM,
                new GatewayMetrics(new SimpleMeterRegistry()))) {
      loader.start();
      tight.announce(announcementOf("rl/r/1"));
      tight.caughtUp();

      await()
          .atMost(Duration.ofMinutes(1))
          .until(() -> tight.get("rl/r/1").getState() == ModelState.MODEL_STATE_READY);
    }

    assertThat(tight.get("rl/r/1").hasPrecisionLoss()).isTrue();
    tight.close();
  }

  private static DecoderOptions full() {
    return new DecoderOptions(16, 1);
  }
}
