package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A store to import into, and edits of what is imported. */
abstract class OpenModelFixture {
  @TempDir Path folder;
  CheckpointStore store;

  @BeforeEach
  void openStore() {
    store = new CheckpointStore(folder.resolve("store"));
  }

  static void edit(Path folder, String file, Consumer<ObjectNode> edit) {
    ObjectNode json = read(folder.resolve(file));
    edit.accept(json);
    Json.write(folder.resolve(file), json);
  }

  static ObjectNode read(Path file) {
    return Json.read(file, ErrorCode.INTERNAL);
  }

  static Map<String, ByteBuffer> tensors(Path file) {
    Map<String, ByteBuffer> tensors = new TreeMap<>();
    try (var safetensors = Safetensors.open(file)) {
      safetensors.names().forEach(name -> tensors.put(name, safetensors.bytes(name)));
    }
    return tensors;
  }
}
