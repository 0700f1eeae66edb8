package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

class SafetensorsTest {
  private static final float[] VALUES = {1f, -2.5f, 3e-38f, Float.NaN, 0f, 1e38f};

  @TempDir Path directory;
  private Path file;

  @BeforeEach
  void name() {
    file = directory.resolve("model.safetensors");
  }

  @Test
  void writtenTensorsReadAsThemselves() {
    Safetensors.write(
        file,
        Map.of("format", "pt"),
        List.of(
            TensorSource.of("weight", VALUES, 2, 3),
            TensorSource.of("scalar", new float[] {7}),
            TensorSource.of("empty", new float[0], 0, 5)));

    try (Safetensors read = Safetensors.open(file)) {
      assertThat(read.names()).containsExactly("weight", "scalar", "empty");
      assertThat(read.metadata()).containsExactly(Map.entry("format", "pt"));
      assertThat(read.entry("weight").shape()).containsExactly(2, 3);
      assertThat(read.entry("weight").offset() % 8).isZero();
      assertThat(read.floats("weight")).containsExactly(VALUES);
      assertThat(read.floats("scalar")).containsExactly(7);
      assertThat(read.floats("empty")).isEmpty();
    }
  }

  @Test
  void fileOfTheReferenceFormatIsRead() throws IOException {
    // Bytes as the format's description gives them, not as our writer does.
    String header =
        "{\"a\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[4,12]},"
            + "\"b\":{\"dtype\":\"BF16\",\"shape\":[2,1],\"data_offsets\":[0,4]}}  ";
    write(header, 0x80, 0x3f, 0x20, 0xc0, 9, 0, 0, 0, 0, 0, 0, 0);

    try (Safetensors read = Safetensors.open(file)) {
      assertThat(read.floats("b")).containsExactly(1f, -2.5f);
      assertThat(read.bytes("a").getLong()).isEqualTo(9);
      assertThat(read.bytes("a").isReadOnly()).isTrue();
      assertThat(read.bytes("a", 1, 3).remaining()).isEqualTo(3);
    }
  }

  @Test
  void halvesConvertExactly() {
    short[] halves = {0x3c00, (short) 0xc000, 0x7bff, 0x0001, (short) 0x8000, 0x7c00, 0x7e00};
    ByteBuffer bytes = ByteBuffer.allocate(halves.length * 2).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asShortBuffer().put(halves);
    Safetensors.write(
        file, Map.of(), List.of(TensorSource.of("h", DataType.F16, bytes, halves.length)));

    try (Safetensors read = Safetensors.open(file)) {
      assertThat(read.floats("h"))
          .containsExactly(1f, -2f, 65504f, 0x1p-24f, -0f, Float.POSITIVE_INFINITY, Float.NaN);
    }
  }

  @Test
  void elementsInTheMiddleAreReadAlone() {
    Safetensors.write(file, Map.of(), List.of(TensorSource.of("w", VALUES, 3, 2)));
    try (Safetensors read = Safetensors.open(file)) {
      float[] row = new float[2];
      read.floats("w", 2, row);
      assertThat(row).containsExactly(3e-38f, Float.NaN);
      assertFails(() -> read.floats("w", 5, row), ErrorCode.OUT_OF_RANGE, "tensor 'w'");
    }
  }

  @Test
  void buffersStayValidAfterClosing() {
    Safetensors.write(file, Map.of(), List.of(TensorSource.of("w", VALUES, 6)));
    ByteBuffer bytes;
    try (Safetensors read = Safetensors.open(file)) {
      bytes = read.bytes("w");
    }

    assertThat(bytes.getFloat(4)).isEqualTo(-2.5f);
  }

  @Test
  void truncatedFileIsDataLossWithBothSizes() throws IOException {
    Safetensors.write(file, Map.of(), List.of(TensorSource.of("w", VALUES, 6)));
    byte[] whole = Files.readAllBytes(file);

    for (int size = 0; size < whole.length; size++) {
      Files.write(file, Arrays.copyOf(whole, size));
      assertFails(
          () -> Safetensors.open(file),
          ErrorCode.DATA_LOSS,
          "model.safetensors: found " + Files.size(file) + " bytes, expected ",
          "truncated");
    }
  }

  @Test
  void everyLieInTheHeaderIsDataLoss() throws IOException {
    refuses("bytes after the last tensor", "{}", 1);
    refuses("not JSON", "{\"a\":");
    refuses("expected an object", "[]");
    refuses("expected one of [F64", tensor("a", "F7", "[1]", "[0,4]"), 0, 0, 0, 0);
    refuses("expected 8 for F32 [2]", tensor("a", "F32", "[2]", "[0,4]"), 0, 0, 0, 0);
    refuses("expected sizes", tensor("a", "F32", "[-1]", "[0,4]"), 0, 0, 0, 0);
    refuses("expected sizes", tensor("a", "F32", "[1.5]", "[0,4]"), 0, 0, 0, 0);
    refuses("expected a list", tensor("a", "F32", "{}", "[0,4]"), 0, 0, 0, 0);
    refuses("expected [begin, end]", tensor("a", "F32", "[1]", "[4,0]"), 0, 0, 0, 0);
    refuses("expected [begin, end]", tensor("a", "F32", "[1]", "[0]"), 0, 0, 0, 0);
    refuses("a gap or an overlap", tensor("a", "U8", "[1]", "[1,2]"), 0, 0);
    refuses(
        "larger than any file", tensor("a", "F32", "[4611686018427387904,4]", "[0,4]"), 0, 0, 0, 0);
    refuses(
        "expected [begin, end]",
        tensor("a", "U8", "[1]", "[9223372036854775806,9223372036854775807]"),
        0);
  }

  @Test
  void headerLengthIsCheckedBeforeItIsRead() throws IOException {
    Files.write(file, new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, '{', '}'});

    assertFails(
        () -> Safetensors.open(file),
        ErrorCode.DATA_LOSS,
        "found a header of 18446744073709551615 bytes");
  }

  @Test
  void missingThingsAreNotFound() {
    assertFails(() -> Safetensors.open(file), ErrorCode.NOT_FOUND, "model.safetensors");
    Safetensors.write(file, Map.of(), List.of(TensorSource.of("w", VALUES, 6)));
    try (Safetensors read = Safetensors.open(file)) {
      assertFails(() -> read.floats("v"), ErrorCode.NOT_FOUND, "no tensor 'v'");
      assertFails(() -> read.bytes("w", 20, 5), ErrorCode.OUT_OF_RANGE, "bytes 20+5");
      assertFails(() -> read.bytes("w", -1, 1), ErrorCode.OUT_OF_RANGE, "bytes -1+1");
    }
  }

  @Test
  void tensorBeyondTwoGibibytesIsReadInChunks() throws IOException {
    long size = 3L << 30;
    write(tensor("big", "U8", "[" + size + "]", "[0," + size + "]"));
    long begin = Files.size(file);
    try (var sparse = FileChannel.open(file, StandardOpenOption.WRITE)) {
      sparse.write(ByteBuffer.wrap(new byte[] {42}), begin + size - 1);
    }

    try (Safetensors read = Safetensors.open(file)) {
      assertThat(read.bytes("big", size - 2, 2).get(1)).isEqualTo((byte) 42);
      assertFails(() -> read.bytes("big"), ErrorCode.OUT_OF_RANGE, "less than 2 GiB");
    }
  }

  @Test
  void integersAreNotFloats() {
    var bytes = ByteBuffer.allocate(8);
    Safetensors.write(file, Map.of(), List.of(TensorSource.of("i", DataType.I64, bytes, 1)));
    try (Safetensors read = Safetensors.open(file)) {
      assertFails(() -> read.floats("i"), ErrorCode.INVALID_ARGUMENT, "type I64, expected F64");
    }
  }

  @Test
  void sourceThatWritesTooLittleIsRefused() {
    assertFails(
        () ->
            Safetensors.write(file, Map.of(), List.of(TensorSource.of("w", new float[] {1, 2}, 3))),
        ErrorCode.INVALID_ARGUMENT,
        "tensor 'w': found 8 bytes, expected 12 for F32 [3]");
    assertFails(
        () ->
            Safetensors.write(
                file,
                Map.of(),
                List.of(TensorSource.of("w", VALUES, 6), TensorSource.of("w", VALUES, 6))),
        ErrorCode.INVALID_ARGUMENT,
        "tensor 'w' comes twice");
    assertFails(() -> TensorSource.of("w", VALUES, -1), ErrorCode.INVALID_ARGUMENT, "size -1");
  }

  @Test
  void shapesAreComparedTensorByTensor() {
    Safetensors.write(file, Map.of(), List.of(TensorSource.of("w", VALUES, 2, 3)));
    try (Safetensors read = Safetensors.open(file)) {
      read.requireShapes(Map.of("w", new long[] {2, 3}));
      assertFails(
          () -> read.requireShapes(Map.of("w", new long[] {3, 2})),
          ErrorCode.INVALID_ARGUMENT,
          "tensor 'w': shape [2, 3], expected shape [3, 2]");
      assertFails(
          () -> read.requireShapes(Map.of("w", new long[] {2, 3}, "v", new long[] {1})),
          ErrorCode.INVALID_ARGUMENT,
          "tensor 'v': missing, expected shape [1]");
      assertFails(
          () -> read.requireShapes(Map.of()),
          ErrorCode.INVALID_ARGUMENT,
          "tensor 'w': shape [2, 3], expected no such tensor");
    }
  }

  static boolean fullDevice() {
    return Files.exists(Path.of("/dev/full"));
  }

  @Test
  @EnabledIf("fullDevice")
  void fullDiskIsResourceExhausted() {
    assertFails(
        () ->
            Safetensors.write(
                Path.of("/dev/full"), Map.of(), List.of(TensorSource.of("w", VALUES, 6))),
        ErrorCode.RESOURCE_EXHAUSTED,
        "cannot write /dev/full: No space left on device");
  }

  private static String tensor(String name, String dtype, String shape, String offsets) {
    return "{\"%s\":{\"dtype\":\"%s\",\"shape\":%s,\"data_offsets\":%s}}"
        .formatted(name, dtype, shape, offsets);
  }

  private void refuses(String reason, String header, int... data) throws IOException {
    write(header, data);
    assertFails(() -> Safetensors.open(file), ErrorCode.DATA_LOSS, "model.safetensors: ", reason);
  }

  private void write(String header, int... data) throws IOException {
    byte[] text = header.getBytes(StandardCharsets.UTF_8);
    ByteBuffer bytes =
        ByteBuffer.allocate(8 + text.length + data.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.putLong(text.length).put(text);
    for (int value : data) {
      bytes.put((byte) value);
    }
    Files.write(file, bytes.array());
  }
}
