package io.quartet.gateway.access;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.keys.ApiKey;
import io.quartet.keys.ApiKeyFile;
import io.quartet.keys.PlainKey;
import io.quartet.keys.Priority;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.OptionalInt;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeyRingTest {
  private static final PlainKey ALICE = PlainKey.create(new SplittableRandom(1));
  private static final PlainKey BOB = PlainKey.create(new SplittableRandom(2));

  @TempDir Path folder;
  private final AtomicLong now = new AtomicLong();
  private Path file;
  private KeyRing ring;

  @BeforeEach
  void aliceHasAKey() {
    file = folder.resolve("keys.yaml");
    new ApiKeyFile(file).add(kept(ALICE, "alice", OptionalInt.of(1), false));
    ring = KeyRing.of(file, now::get);
  }

  @Test
  void aKeysOwnerIsKnownByIt() {
    assertThat(ring.caller("Bearer " + ALICE.reveal()).name()).isEqualTo("alice");
    assertThat(ring.caller("bearer  " + ALICE.reveal()).name()).isEqualTo("alice");
    assertThat(KeyRing.none().caller(null)).isSameAs(Caller.ANYBODY);
  }

  @Test
  void nobodyElseGetsInAndTheAnswerDoesNotTellWhy() {
    String wrongSecret = "qk_" + ALICE.id() + BOB.reveal().substring("qk_".length() + 12);
    for (String key : new String[] {BOB.reveal(), wrongSecret, "sk-123", ""}) {
      refused("Bearer " + key, "authorization: no such API key");
    }
    refused(null, "authorization: none, expected 'Bearer ' and an API key");
    refused("Basic YWxpY2U6", "authorization: none, expected 'Bearer ' and an API key");
  }

  @Test
  void aKeyIsGivenAndTakenWithoutARestart() throws IOException {
    refused("Bearer " + BOB.reveal(), "authorization: no such API key");
    Files.delete(file);
    new ApiKeyFile(file).add(kept(BOB, "bob", OptionalInt.empty(), false));
    change(1);

    assertThat(ring.caller("Bearer " + BOB.reveal()).name()).isEqualTo("bob");
    refused("Bearer " + ALICE.reveal(), "authorization: no such API key");
  }

  @Test
  void aFileThatCannotBeReadLeavesTheOldKeysInForceAndAnotherKeyItsNeighboursQuotas()
      throws IOException {
    Caller alice = ring.caller("Bearer " + ALICE.reveal());
    Files.writeString(file, "keys: 7");
    change(1);
    assertThat(ring.caller("Bearer " + ALICE.reveal())).isSameAs(alice);

    Files.delete(file);
    new ApiKeyFile(file).add(kept(BOB, "bob", OptionalInt.empty(), false));
    new ApiKeyFile(file).add(kept(ALICE, "alice", OptionalInt.of(1), false));
    change(2);
    assertThat(ring.caller("Bearer " + ALICE.reveal())).isSameAs(alice);
  }

  @Test
  void aQuotaThatIsUsedUpSaysWhenToComeBack() {
    Caller alice = ring.caller("Bearer " + ALICE.reveal());
    alice.charge(100);

    assertThatThrownBy(() -> alice.charge(100))
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> {
              assertThat(e.code()).isEqualTo(ErrorCode.RESOURCE_EXHAUSTED);
              assertThat(e.retryAfter()).contains(Duration.ofMinutes(1));
            })
        .hasMessage("key 'alice': its requests of this minute are used up; try again in 60 s");
    assertThatThrownBy(alice::requireAdmin)
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.PERMISSION_DENIED));
  }

  /** The file's time moves, as at least a second would have passed, and so does the clock. */
  private void change(int time) throws IOException {
    Files.setLastModifiedTime(file, FileTime.fromMillis(1000L * time));
    now.addAndGet(Duration.ofSeconds(3).toNanos());
  }

  private void refused(String authorization, String why) {
    assertThatThrownBy(() -> ring.caller(authorization))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.UNAUTHENTICATED))
        .hasMessage(why);
  }

  private static ApiKey kept(PlainKey key, String name, OptionalInt requests, boolean admin) {
    return new ApiKey(
        key.id(), name, key.sha256(), requests, OptionalInt.empty(), Priority.INTERACTIVE, admin);
  }
}
