package io.quartet.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointStoreTest {
  private static final CheckpointId ID = CheckpointId.parse("base/demo/100");

  @TempDir Path root;

  @Test
  void publishedCheckpointIsFoundByItsId() {
    var store = new CheckpointStore(root);

    Checkpoint published = TinyCheckpoints.publish(store, ID, 1);

    assertThat(new CheckpointStore(root).get(ID)).isEqualTo(published);
    assertThat(published.config()).isEqualTo(TinyCheckpoints.CONFIG);
    store.verify(published);
  }
}
