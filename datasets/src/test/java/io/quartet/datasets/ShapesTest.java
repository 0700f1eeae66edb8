package io.quartet.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.recipe.DataSection;
import io.quartet.recipe.DataShape;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.function.Function;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The shapes of rows: what each means, and that it is recognised. */
class ShapesTest {
  private static final Conversation HELLO =
      Conversation.of(Message.system("Be brief."), Message.user("Hi"), Message.assistant("Hello"));
  private static final Conversation HI = Conversation.of(Message.user("Hi"));
  private static final Ranking HELLO_OVER_NO =
      new Ranking(HI, List.of("Hello", "No"), List.of(1.0, 0.0));

  @TempDir Path folder;
  private DataFolder files;

  @BeforeEach
  void open() {
    files = new DataFolder(folder);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "messages | {'messages': [{'role': 'system', 'content': 'Be brief.'}, {'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Hello'}]}",
        "sharegpt | {'conversations': [{'from': 'system', 'value': 'Be brief.'}, {'from': 'human', 'value': 'Hi'}, {'from': 'gpt', 'value': 'Hello'}]}",
        "sharegpt | {'system': 'Be brief.', 'conversations': [{'from': 'human', 'value': 'Hi'}, {'from': 'gpt', 'value': 'Hello'}]}",
        "alpaca   | {'system': 'Be brief.', 'instruction': 'Hi', 'input': '', 'output': 'Hello'}",
        "alpaca   | {'system': 'Be brief.', 'instruction': 'Hi', 'output': 'Hello', 'history': []}",
      })
  void demonstrationsComeInThreeShapes(String shape, String row) throws Exception {
    assertRead(DatasetReader::demonstrations, shape, row, new Demonstration(HELLO));
  }

  @Test
  void alpacasInputGoesBelowTheInstructionAndItsHistoryBefore() throws Exception {
    files.write(
        "a.jsonl",
        json(
            "{'instruction': 'Add', 'input': '1 and 2', 'output': '3', 'history': [['Hi', 'Hello']]}"));
    assertThat(DataFolder.read(DatasetReader.demonstrations(data())))
        .containsExactly(
            new Demonstration(
                Conversation.of(
                    Message.user("Hi"),
                    Message.assistant("Hello"),
                    Message.user("Add\n1 and 2"),
                    Message.assistant("3"))));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "pairs    | {'prompt': 'Hi', 'chosen': 'Hello', 'rejected': 'No'}",
        "pairs    | {'prompt': [{'role': 'user', 'content': 'Hi'}], 'chosen': [{'role': 'assistant', 'content': 'Hello'}], 'rejected': [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'No'}]}",
        "sharegpt | {'conversations': [{'from': 'human', 'value': 'Hi'}], 'chosen': {'from': 'gpt', 'value': 'Hello'}, 'rejected': {'from': 'gpt', 'value': 'No'}}",
        "sharegpt | {'conversations': [{'from': 'human', 'value': 'Hi'}], 'chosen': 'Hello', 'rejected': 'No'}",
        "hh       | {'chosen': '\\n\\nHuman: Hi\\n\\nAssistant: Hello', 'rejected': '\\n\\nHuman: Hi\\n\\nAssistant: No'}",
      })
  void comparisonsOfTwoComeInThreeShapes(String shape, String row) throws Exception {
    assertRead(DatasetReader::comparisons, shape, row, HELLO_OVER_NO);
  }

  @Test
  void aTranscriptMayHaveManyTurns() throws Exception {
    files.write(
        "a.jsonl",
        json(
            "{'chosen': '\\n\\nHuman: Hi\\n\\nAssistant: Hello\\n\\nall\\n\\nHuman: So?\\n\\nAssistant: Yes.', 'rejected': '\\n\\nHuman: Hi\\n\\nAssistant: Hello\\n\\nall\\n\\nHuman: So?\\n\\nAssistant: No.'}"));
    assertThat(DataFolder.read(DatasetReader.comparisons(data())))
        .containsExactly(
            new Ranking(
                Conversation.of(
                    Message.user("Hi"), Message.assistant("Hello\n\nall"), Message.user("So?")),
                List.of("Yes.", "No."),
                List.of(1.0, 0.0)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'prompt': 'Hi', 'answers': ['a', 'b', 'c']}                             | 3,2,1",
        "{'prompt': 'Hi', 'answers': ['a', 'b', 'c'], 'scores': [0.5, 2, 0.5]}    | 0.5,2,0.5",
        "{'prompt': 'Hi', 'answers': [{'text': 'a', 'score': 1}, {'text': 'b', 'score': 4}, {'text': 'c', 'score': 2}]} | 1,4,2",
      })
  void rankingsAreBestFirstOrHaveScores(String row, String scores) throws Exception {
    List<Double> expected = Arrays.stream(scores.split(",")).map(Double::valueOf).toList();
    assertRead(
        DatasetReader::comparisons,
        "ranked",
        row,
        new Ranking(HI, List.of("a", "b", "c"), expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "pairs    | {'prompt': 'Hi'}",
        "pairs    | {'prompt': 'Hi', 'chosen': 'Hello', 'rejected': 'No'}",
        "messages | {'messages': [{'role': 'user', 'content': 'Hi'}]}",
        "messages | {'messages': [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Hello'}]}",
        "sharegpt | {'conversations': [{'from': 'human', 'value': 'Hi'}, {'from': 'gpt', 'value': 'Hello'}]}",
        "alpaca   | {'instruction': 'Hi', 'output': 'Hello'}",
        "hh       | {'chosen': '\\n\\nHuman: Hi\\n\\nAssistant: Hello', 'rejected': '\\n\\nHuman: Hi\\n\\nAssistant: No'}",
      })
  void promptsAreConversationsWithoutTheirAnswers(String shape, String row) throws Exception {
    assertRead(DatasetReader::prompts, shape, row, new Prompt("", HI));
  }

  @Test
  void parquetsListsOfStructsAreMessages() throws Exception {
    files.parquet(
        "a.parquet",
        "SELECT [{'role': 'user', 'content': 'Hi'}, {'role': 'assistant', 'content': 'Hello'}]"
            + " AS messages");
    assertThat(
            DataFolder.read(
                DatasetReader.demonstrations(DataFolder.data(0, files.source("a.parquet")))))
        .containsExactly(
            new Demonstration(Conversation.of(Message.user("Hi"), Message.assistant("Hello"))));
  }

  @Test
  void aPromptMayHaveAnId() throws Exception {
    files.write("a.jsonl", "{\"id\": 7, \"prompt\": \"Hi\"}");
    assertThat(DataFolder.read(DatasetReader.prompts(data()))).containsExactly(new Prompt("7", HI));
  }

  @Test
  void theShapeThatMostOfTheFirstRowsHaveIsTheFiles() throws Exception {
    files.write(
        "a.jsonl",
        json("{'messages': 1}"),
        json("{'instruction': 'Hi', 'output': 'Hello'}"),
        json("{'instruction': 'Hi', 'output': 'Hey'}"));
    try (var reading = DatasetReader.demonstrations(DataFolder.data(1, files.source("a.jsonl")))) {
      reading.forEachRemaining(row -> {});
      assertThat(reading.summary().files())
          .containsExactly(new FileSummary(folder.resolve("a.jsonl"), "alpaca", 3, 1, 0));
    }
  }

  @Test
  void aNamedShapeIsNotGuessed() throws Exception {
    files.write("a.jsonl", json("{'instruction': 'Hi', 'output': 'Hello'}"));
    var named = DataFolder.data(0, files.shaped("a.jsonl", DataShape.SHAREGPT));
    assertThatThrownBy(() -> DataFolder.read(DatasetReader.demonstrations(named)))
        .hasMessage(
            "%s/a.jsonl:1: 'conversations': got nothing, expected a list that is not empty",
            folder);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'a': 1} | got an object with [a], expected messages; or conversations; or instruction and output",
        "{'messages': [{'role': 'human', 'content': 'Hi'}]} | 'messages[0].role': got 'human', expected system, user or assistant",
        "{'messages': [{'role': 'user', 'content': 'Hi'}]} | 'messages': the last message is the user's, expected the assistant's",
        "{'messages': [{'role': 'user', 'content': 'Hi'}, {'role': 'system', 'content': 'x'}]} | 'messages[1].role': got system, which can only be the first message's",
        "{'conversations': [{'from': 'tool', 'value': 'Hi'}]} | 'conversations[0].from': got 'tool', expected human, gpt or system",
        "{'conversations': [{'from': 'human', 'value': 'Hi'}]} | 'conversations': the last message is the user's, expected the assistant's",
        "{'instruction': ' ', 'output': 'Hello'} | 'instruction': got an empty string, expected text",
      })
  void badDemonstrationsSayWhy(String row, String reason) throws Exception {
    assertBad(DatasetReader::demonstrations, row, reason);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{'prompt': 'Hi', 'chosen': [{'role': 'user', 'content': 'Bye'}, {'role': 'assistant', 'content': 'Hello'}], 'rejected': 'No'} | 'chosen': expected the answer alone or after the messages of 'prompt'",
        "{'conversations': [{'from': 'human', 'value': 'Hi'}], 'chosen': {'from': 'human', 'value': 'x'}, 'rejected': 'No'} | 'chosen.from': got \"human\", expected gpt",
        "{'chosen': '\\n\\nHuman: Hi\\n\\nAssistant: Hello', 'rejected': '\\n\\nHuman: Bye\\n\\nAssistant: No'} | 'chosen' and 'rejected' differ before the last answer",
        "{'chosen': '\\n\\nHuman: Hi\\n\\nAssistant:', 'rejected': '\\n\\nHuman: Hi\\n\\nAssistant: No'} | 'chosen': turn 2 is empty, expected text",
        "{'prompt': 'Hi', 'answers': ['a']} | 'answers': got 1 of them, expected two or more",
        "{'prompt': 'Hi', 'answers': ['a', 'b'], 'scores': [1]} | 'scores': got 1 of them, expected 2, one for each answer",
        "{'prompt': 'Hi', 'answers': ['a', 'b'], 'scores': [1, 1]} | every answer has the score 1.0, expected two that differ",
        "{'prompt': 'Hi', 'answers': [{'text': 'a'}]} | 'answers[0].score': got nothing, expected a number",
      })
  void badComparisonsSayWhy(String row, String reason) throws Exception {
    assertBad(DatasetReader::comparisons, row, reason);
  }

  private <T> void assertRead(
      Function<DataSection, Reading<T>> kind, String shape, String row, T expected)
      throws Exception {
    files.write("a.jsonl", json(row));
    try (Reading<T> reading = kind.apply(data())) {
      assertThat(reading.next()).isEqualTo(expected);
      assertThat(reading.hasNext()).isFalse();
      assertThat(reading.summary().files())
          .containsExactly(new FileSummary(folder.resolve("a.jsonl"), shape, 1, 0, 0));
    }
  }

  private <T> void assertBad(Function<DataSection, Reading<T>> kind, String row, String reason)
      throws Exception {
    files.write("a.jsonl", json(row));
    assertThatThrownBy(() -> DataFolder.read(kind.apply(data())))
        .hasMessage("%s/a.jsonl:1: %s", folder, reason);
  }

  private DataSection data() {
    return DataFolder.data(0, files.source("a.jsonl"));
  }

  private static String json(String row) {
    return row.replace('\'', '"');
  }
}
