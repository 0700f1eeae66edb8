package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CheckpointIdTest {
  @Test
  void printedIdParsesToItself() {
    var id = new CheckpointId(Stage.REWARD, "dictionary-2.1_b", 1200);

    assertThat(id).hasToString("reward/dictionary-2.1_b/1200");
    assertThat(CheckpointId.parse(id.toString())).isEqualTo(id);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "base",
        "base/run",
        "base/run/1/2",
        "base/run/-1",
        "base/run/01",
        "base/run/1 ",
        "base/run/9999999999999999999",
        "base/../1",
        "base/./1",
        "base/.hidden/1",
        "base/a\\b/1",
        "base/RUN/1",
        "base/run\n/1",
        "base//1",
        "/base/run/1",
        "../run/1",
        "nosuch/run/1"
      })
  void impossibleIdIsRefused(String text) {
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> CheckpointId.parse(text))
        .isInstanceOfSatisfying(
            QuartetException.class,
            e -> assertThat(e.code()).isEqualTo(ErrorCode.INVALID_ARGUMENT));
  }

  @Test
  void refusalSaysWhatWasFoundAndExpected() {
    assertFails(
        () -> CheckpointId.parse("pretrain/run/1"),
        ErrorCode.INVALID_ARGUMENT,
        "stage 'pretrain': expected one of base, sft, reward, rl");
    assertFails(
        () -> new CheckpointId(Stage.BASE, "r".repeat(65), 0),
        ErrorCode.INVALID_ARGUMENT,
        "expected 1 to 64 of a-z");
    assertFails(
        () -> new CheckpointId(Stage.BASE, "run", -1), ErrorCode.INVALID_ARGUMENT, "step -1");
  }

  @ParameterizedTest
  @ValueSource(strings = {"../x", "a/b", "a\\b", "", ".", "..", ".lock", "x\0", "ä"})
  void fileNameThatCouldLeaveTheFolderIsRefused(String name) {
    assertFails(
        () -> new CheckpointFile(name, 1, "0".repeat(64)),
        ErrorCode.INVALID_ARGUMENT,
        "file name '");
  }

  @Test
  void fileNeedsSizeAndDigest() {
    assertFails(
        () -> new CheckpointFile("a", -1, "0".repeat(64)), ErrorCode.INVALID_ARGUMENT, "size -1");
    assertFails(
        () -> new CheckpointFile("a", 1, "xyz"),
        ErrorCode.INVALID_ARGUMENT,
        "sha256 'xyz', expected 64 hexadecimal digits");
  }
}
