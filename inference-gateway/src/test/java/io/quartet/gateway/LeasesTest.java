package io.quartet.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class LeasesTest extends CatalogFixture {
  @Test
  void aLeaseThatTakesNoPlaceKeepsTheWeightsAndKeepsNobodyOut() {
    List<String> freed = new ArrayList<>();
    var model =
        ServedModel.open(
            ScriptedModels.publish(store, "rl/r/1", "abc"), OPTIONS, Optional.empty(), ROOM);
    for (int i = 0; i < OPTIONS.slots() + ROOM.requests(); i++) {
      assertThat(model.lease(ONE)).isTrue();
    }
    assertThatThrownBy(() -> model.lease(ONE)).hasMessageContaining("5 requests under way");

    assertThat(model.lease(Demand.NOTHING)).isTrue();

    model.retire(() -> freed.add("rl/r/1"));
    model.release(OPTIONS.slots() + ROOM.requests());
    assertThat(freed).isEmpty();
    model.letGo(1);
    assertThat(freed).containsExactly("rl/r/1");
  }
}
