package io.quartet.keys;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.OptionalInt;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApiKeyFileTest {
  private static final String HASH = "0123456789abcdef".repeat(4);
  private static final ApiKey ALICE =
      new ApiKey(
          "0123456789ab",
          "alice",
          HASH,
          OptionalInt.of(60),
          OptionalInt.of(20_000),
          Priority.BATCH,
          true);
  private static final ApiKey BOB =
      new ApiKey(
          "ba9876543210",
          "bob",
          HASH,
          OptionalInt.empty(),
          OptionalInt.empty(),
          Priority.INTERACTIVE,
          false);

  @TempDir Path folder;

  @Test
  void keysThatWereAddedAreReadAgain() {
    var file = new ApiKeyFile(folder.resolve("new/keys.yaml"));
    file.add(ALICE);
    file.add(BOB);

    assertThat(file.read()).containsExactly(ALICE, BOB);
  }

  @Test
  void theFileIsItsOwnersAlone() throws IOException {
    Path path = folder.resolve("keys.yaml");
    new ApiKeyFile(path).add(ALICE);

    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(path);
    }
  }

  @Test
  void aNameIsGivenOnce() {
    var file = new ApiKeyFile(folder.resolve("keys.yaml"));
    file.add(ALICE);

    assertThatThrownBy(() -> file.add(ALICE))
        .hasMessage(
            folder.resolve("keys.yaml")
                + ": there is a key 'alice' already; remove its entry first, or take another"
                + " name");
  }

  @Test
  void whatIsLeftOutHasNoLimitAndIsInteractive() throws IOException {
    assertThat(read("keys: [{id: ba9876543210, name: bob, sha256: %s}]".formatted(HASH)))
        .containsExactly(BOB);
  }

  @Test
  void aWrongFileSaysWhatIsWrongAndShowsNoSecret() {
    refused("keys: ~", "no keys, expected a list 'keys' with one or more");
    refused("keys: []", "no keys, expected a list 'keys' with one or more");
    refused(
        "keys: [{id: ba9876543210, name: bob, sha256: qk_secret}]",
        "API key: sha256 of 'bob', expected 64 hexadecimal digits");
    refused(
        "keys: [{id: qk_secret, name: bob, sha256: %s}]".formatted(HASH),
        "API key: id of 'bob', expected 12 hexadecimal digits");
    refused(
        "keys: [{id: ba9876543210, sha256: %s}]".formatted(HASH),
        "API key: no name of up to 63 letters, digits, dots, dashes or underscores");
    refused(
        "keys: [{id: ba9876543210, name: bob, sha256: %s, tokens_per_minute: 0}]".formatted(HASH),
        "API key: tokens_per_minute 0, expected 1 or more");
    refused(
        """
        keys:
          - {id: ba9876543210, name: bob, sha256: %s}
          - {id: ba9876543210, name: eve, sha256: %s}
        """
            .formatted(HASH, HASH),
        "key 'eve': its name or id comes twice");
    assertThatThrownBy(
            () ->
                read(
                    "keys: [{id: ba9876543210, name: bob, sha256: %s, token_per_minute: 1}]"
                        .formatted(HASH)))
        .isInstanceOf(QuartetException.class)
        .hasMessageContaining("keys.yaml: line 1: Unrecognized field \"token_per_minute\"");
  }

  private void refused(String yaml, String why) {
    assertThatThrownBy(() -> read(yaml))
        .isInstanceOf(QuartetException.class)
        .hasMessage(folder.resolve("keys.yaml") + ": " + why);
  }

  private java.util.List<ApiKey> read(String yaml) throws IOException {
    Path file = folder.resolve("keys.yaml");
    Files.writeString(file, yaml);
    return new ApiKeyFile(file).read();
  }
}
