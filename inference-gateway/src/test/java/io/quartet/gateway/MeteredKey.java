package io.quartet.gateway;

import io.quartet.gateway.access.Caller;
import io.quartet.gateway.access.KeyRing;
import io.quartet.keys.ApiKey;
import io.quartet.keys.ApiKeyFile;
import io.quartet.keys.PlainKey;
import io.quartet.keys.Priority;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.SplittableRandom;

/** A caller whose key allows so many tokens, and whose time stands still. */
final class MeteredKey {
  private MeteredKey() {}

  static Caller allowing(int tokens, Path folder) {
    PlainKey key = PlainKey.create(new SplittableRandom(1));
    Path file = folder.resolve("keys.yaml");
    new ApiKeyFile(file)
        .add(
            new ApiKey(
                key.id(),
                "metered",
                key.sha256(),
                OptionalInt.empty(),
                OptionalInt.of(tokens),
                Priority.INTERACTIVE,
                false));
    return KeyRing.of(file, () -> 0).caller("Bearer " + key.reveal());
  }
}
