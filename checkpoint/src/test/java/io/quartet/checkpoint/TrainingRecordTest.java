package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TrainingRecordTest {
  @TempDir Path directory;

  @Test
  void writtenRecordReadsAsItself() {
    var record =
        new TrainingRecord(
            "name: démo\nseed: 1\n",
            Optional.of(CheckpointId.parse("base/demo/100")),
            Map.of(
                "loss",
                1.25,
                "tokens",
                123,
                "by_flaw",
                Map.of("truncated", 0.9f),
                "interval",
                List.of(0.1, 0.2),
                "ended",
                true));

    record.write(directory);

    assertThat(TrainingRecord.read(directory.resolve("training.json"))).isEqualTo(record);
    assertThat(TrainingRecord.parse(record.toJson())).isEqualTo(record);
  }

  @Test
  void numberThatJsonCannotWriteBecomesNull() {
    var record = new TrainingRecord("", Optional.empty(), Map.of("variance", Double.NaN));

    assertThat(TrainingRecord.parse(record.toJson()).metrics()).containsEntry("variance", null);
  }

  @Test
  void metricsAreACopy() {
    var metrics = new HashMap<String, Object>(Map.of("loss", 1.0));
    var record = new TrainingRecord("", Optional.empty(), metrics);

    metrics.put("loss", 2.0);

    assertThat(record.metrics()).isEqualTo(Map.of("loss", 1.0));
  }

  @Test
  void valueThatIsNotJsonIsRefusedByItsPath() {
    assertFails(
        () ->
            new TrainingRecord(
                "", Optional.empty(), Map.of("a", Map.of("b", List.of(1, new Object())))),
        ErrorCode.INVALID_ARGUMENT,
        "metrics.a.b[1]: found Object, expected a string, boolean, number, list or map");
  }

  @Test
  void brokenRecordIsDataLoss() throws Exception {
    Path file = directory.resolve("training.json");
    for (String text : List.of("{", "[1]", "{\"recipe\":\"\",\"parent\":null}", "")) {
      Files.writeString(file, text);
      assertFails(() -> TrainingRecord.read(file), ErrorCode.DATA_LOSS, "training.json: ");
    }
    assertFails(
        () -> TrainingRecord.parse("{\"recipe\":\"\",\"parent\":\"../x\",\"metrics\":{}}"),
        ErrorCode.DATA_LOSS,
        "parent");
  }
}
