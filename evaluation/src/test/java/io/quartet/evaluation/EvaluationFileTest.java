package io.quartet.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationFileTest {
  @TempDir Path folder;

  @Test
  void whatIsWrittenIsRead() {
    List<ScoredAnswer> answers =
        List.of(Answers.answer("person", 0.75, 1.0 / 3), Answers.answer("say", 1, 1));
    EvaluationFile.write(folder, answers);
    assertThat(EvaluationFile.read(folder)).isEqualTo(answers);
  }

  @Test
  void aLineIsAnObjectWithTheModelsOwnTokens() throws IOException {
    EvaluationFile.write(folder, List.of(Answers.answer("person", 1, 0.5, 2)));
    assertThat(folder.resolve("evaluation.jsonl"))
        .hasContent(
            "{\"word\":\"person\",\"question\":\"define/person/0\",\"prompt_ids\":[2,7,4,3],"
                + "\"answer_ids\":[0,0],\"answer\":\"the word person\",\"ended\":true,"
                + "\"score\":{\"named\":1.0,\"part_of_speech\":1.0,\"nothing_more\":1.0,"
                + "\"ends\":1.0,\"truth\":0.5}}");
  }

  @Test
  void aCheckpointWithoutAnswersIsNotFound() {
    assertThatThrownBy(() -> EvaluationFile.read(folder))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND))
        .hasMessageContaining(folder.resolve("evaluation.jsonl").toString());
  }

  @Test
  void aDamagedLineIsNamed() throws IOException {
    EvaluationFile.write(folder, List.of(Answers.answer("person", 1, 1)));
    Path file = folder.resolve("evaluation.jsonl");
    Files.writeString(file, Files.readString(file) + "{\"word\":\"say\"}\n");
    assertThatThrownBy(() -> EvaluationFile.read(folder))
        .isInstanceOfSatisfying(
            QuartetException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.DATA_LOSS))
        .hasMessageStartingWith(file + ":2: expected an answer: ");
  }
}
