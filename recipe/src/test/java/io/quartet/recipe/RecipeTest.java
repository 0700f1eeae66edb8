package io.quartet.recipe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.LoraConfig;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Stage;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RecipeTest {
  @ParameterizedTest
  @ValueSource(strings = {"default", "quick", "tiny"})
  void committedRecipesSurviveWritingAndReading(String name) {
    Recipe recipe = Recipe.committed(name);

    assertThat(recipe.name()).isEqualTo(name);
    assertThat(Recipe.parse(recipe.yaml())).isEqualTo(recipe);
  }

  @ParameterizedTest
  @ValueSource(strings = {"gold-control", "ideal-demonstrations", "lora"})
  void theRecipesBesideTheSourcesAreValid(String name) {
    Recipe recipe = Recipe.read(Path.of("../recipes/" + name + ".yaml"));

    assertThat(recipe.name()).isEqualTo(name);
  }

  @Test
  void keysLeftOutHaveTheDefaultRecipesValues() {
    Recipe recipe = Recipe.parse("name: mine\nsft: {learning_rate: 5e-4}\n");

    SftSection sft = Recipe.committed("default").sft();
    assertThat(recipe.sft().optimization().learningRate()).isEqualTo(5e-4);
    assertThat(recipe.sft().steps()).isEqualTo(sft.steps());
    assertThat(recipe.base()).isEqualTo(Recipe.committed("default").base());
  }

  @Test
  void adaptersAreTrainedOnlyIfTheRecipeSaysHow() {
    String lora = "lora: {rank: 8, alpha: 16, target_modules: [q_proj, v_proj], dropout: 0.1}\n";
    Recipe recipe = Recipe.parse(lora);

    assertThat(recipe.lora().map(LoraSection::config))
        .contains(new LoraConfig(8, 16, List.of("q_proj", "v_proj"), 0.1));
    assertThat(Recipe.parse(recipe.yaml())).isEqualTo(recipe);
    assertThat(Recipe.committed("default").lora()).isEmpty();
    assertRefused(
        lora.replace("v_proj", "head"),
        "'lora.target_modules': got [q_proj, head], expected some of [q_proj, k_proj, v_proj,"
            + " o_proj, gate_proj, up_proj, down_proj], each once");
    assertRefused("lora: 8", "'lora': got 8, expected keys and values");
    assertRefused(lora.replace("rank: 8", "rank: 0"), "'lora.rank': got 0, expected 1 to 4096");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "sft: {lr: 1}         | unknown key 'sft.lr', nearest is 'sft.learning_rate'",
        "base: {step: 1}      | unknown key 'base.step', nearest is 'base.steps'",
        "rl: {kl: 1}          | unknown key 'rl.kl', nearest is 'rl.kl_coefficient'",
        "seeds: 3             | unknown key 'seeds', nearest is 'seed'",
        "modle: {hidden: 8}   | unknown key 'modle', nearest is 'model'",
        "base: {updates: 3}   | unknown key 'base.updates', nearest is 'rl.updates'",
        "data: {lessons: {word: 3}} | unknown key 'data.lessons.word', nearest is 'data.lessons.words'",
      })
  void unknownKeyNamesItsPathAndNearestNeighbour(String yaml, String message) {
    assertRefused(yaml, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "base: {steps: 0}              | 'base.steps': got 0, expected at least 1, or a model to start from in model.from",
        "base: {steps: many}           | 'base.steps': got 'many', expected a whole number",
        "base: {steps: 1.5}            | 'base.steps': got 1.5, expected a whole number",
        "base: {steps: null}           | 'base.steps': got nothing, expected a whole number",
        "base: {schedule: steep}       | 'base.schedule': got 'steep', expected constant or linear or cosine or wsd",
        "base: 3                       | 'base': got 3, expected keys and values",
        "base: null                    | 'base': got nothing, expected keys and values",
        "base: {sequence: 4096}        | 'base.sequence': got 4096, expected 8 to 128",
        "sft: {learning_rate: -1}      | 'sft.learning_rate': got -1.0, expected more than 0, less than 1",
        "model: {heads: 5}             | 'model.heads': got 5, expected hidden 192 divided into heads of a multiple of 16",
        "model: {key_value_heads: 4}   | 'model.key_value_heads': got 4, expected a divisor of heads 6",
        "model: {tied_embeddings: 7}   | 'model.tied_embeddings': got 7, expected true or false",
        "data: {lessons: {held_out: 2}} | 'data.lessons.held_out': got 2.0, expected 0.01 to 0.5",
        "data: {lessons: {habits: {ideal: 1}}} | 'data.lessons.habits.ideal': got 1.0, expected shares that sum to 1, not 1.7000",
        "data: {lessons: null}         | 'data.documents': got [], expected files, or data.lessons",
        "data: {documents: x}          | 'data.documents': got 'x', expected a list",
        "data: {documents: [{}]}       | 'data.documents[0].files': got nothing, expected 'files' or a path alone",
        "data: {documents: [{files: x, shap: text}]} | 'data.documents[0].shap': got a key that is none, expected shape",
        "data: {documents: [x, {files: x, shape: chat}]} | 'data.documents[1].shape': got 'chat', expected text or messages or sharegpt or alpaca or pairs or hh or ranked",
        "data: {documents: [{files: x, shape: alpaca}]} | 'data.documents[0].shape': got alpaca, expected text",
        "data: {prompts: [{files: x, where: 3}]} | 'data.prompts[0].where': got 3, expected text",
        "data: {prompts: [7]}          | 'data.prompts[0].files': got '7', expected a path or a pattern",
        "data: {comparisons: [x]}      | 'data.comparisons': got [x], expected none beside data.lessons, which have a labeller of their own",
        "data: {bad_rows: -1}          | 'data.bad_rows': got -1, expected at least 0",
        "data: {tokenizer: {vocabulary: 100}} | 'data.tokenizer.vocabulary': got 100, expected 263 to 262144",
        "rl: {minibatch: 65}           | 'rl.minibatch': got 65, expected 1 to 64",
        "rl: {max_tokens: 128}         | 'rl.max_tokens': got 128, expected 1 to 127",
        "name: Big Run                 | 'name': got 'Big Run', expected 1 to 64 of a-z 0-9 . _ -, a letter or digit first",
        "stages: [base, tune]          | 'stages[1]': got 'tune', expected base or sft or reward or rl",
        "stages: []                    | 'stages': got [], expected [base, sft, reward, rl] or the first of them",
        "stages: [base, reward]        | 'stages': got [base, reward], expected [base, sft, reward, rl] or the first of them",
        "stages: [sft]                 | 'stages': got [sft], expected [base, sft, reward, rl] or the first of them",
        "stages: base                  | 'stages': got 'base', expected a list",
        "model: {size: big}            | 'model.size': got 'big', expected parameters in millions or billions, such as 12m or 1.5b",
        "model: {size: 3m, from: base/a/1} | 'model.size': got 3m, expected nothing beside model.from, whose sizes are its own",
        "precision: fp8                | 'precision': got 'fp8', expected fp32 or bf16",
        "just text                     | got just text, expected keys and values",
      })
  void valuesAreRefusedWithPathGotAndExpected(String yaml, String message) {
    assertRefused(yaml, message);
  }

  @Test
  void stagesThatARunHasNotNeedNoDataAndNoFittingSizes() {
    Recipe recipe =
        Recipe.parse(
            """
            stages: [base]
            data: {lessons: null, documents: [a.txt]}
            model: {context: 64}
            base: {sequence: 64}
            """);

    assertThat(recipe.stages()).containsExactly(Stage.BASE);
    assertThat(Recipe.parse(recipe.yaml())).isEqualTo(recipe);
    assertRefused(
        "stages: [base, sft]\ndata: {lessons: null, documents: [a.txt]}",
        "'data.demonstrations': got [], expected files, or data.lessons");
  }

  @Test
  void aModelThatIsTakenAsItIsNeedsNoDocuments() {
    String recipe =
        """
        stages: [base, sft]
        data: {lessons: null, demonstrations: [chats.json]}
        model: {from: base/open/0}
        base: {steps: %d}
        """;

    assertThat(Recipe.parse(recipe.formatted(0)).data().documents()).isEmpty();
    assertRefused(
        recipe.formatted(500), "'data.documents': got [], expected files, or data.lessons");
  }

  @Test
  void aSizeResolvesToNumbersThatAreWrittenOut() {
    Recipe recipe = Recipe.parse("model: {size: 12m}");

    ModelSection model = recipe.model();
    assertThat(model.hidden()).isEqualTo(384);
    assertThat(model.layers()).isEqualTo(6);
    assertThat(model.heads()).isEqualTo(6);
    assertThat(model.keyValueHeads()).isEqualTo(6);
    assertThat(model.feedForward()).isEqualTo(1024);
    assertThat(model.context()).isEqualTo(256);
    assertThat(recipe.base().sequence()).isEqualTo(256);
    assertThat(recipe.base().batch()).isEqualTo(16);
    // 20 tokens for each of 12.2 million parameters, 4096 a step.
    assertThat(recipe.base().steps()).isEqualTo(59_545);
    assertThat(recipe.base().optimization().warmupSteps()).isEqualTo(1190);
    assertThat(recipe.base().optimization().learningRate()).isEqualTo(0.0015);
    assertThat(recipe.sft().optimization().learningRate()).isEqualTo(0.0003);
    assertThat(recipe.reward().optimization().learningRate()).isEqualTo(0.0003);
    assertThat(recipe.rl().learningRate()).isEqualTo(0.0001);
    assertThat(recipe.rl().valueLearningRate()).isEqualTo(0.0005);
    assertThat(Recipe.parse(recipe.yaml())).isEqualTo(recipe);
    assertThat(model.config(4096).parameters()).isBetween(12_100_000L, 12_300_000L);
  }

  @Test
  void keysThatARecipeGivesWinOverItsSize() {
    Recipe recipe =
        Recipe.parse(
            "{model: {size: 12m, layers: 4}, base: {steps: 300, learning_rate: 0.01, batch: 8}}");

    assertThat(recipe.model().layers()).isEqualTo(4);
    assertThat(recipe.model().hidden()).isEqualTo(384);
    assertThat(recipe.base().steps()).isEqualTo(300);
    assertThat(recipe.base().optimization().warmupSteps()).isEqualTo(6);
    assertThat(recipe.base().optimization().learningRate()).isEqualTo(0.01);
    assertThat(recipe.base().batch()).isEqualTo(8);
  }

  @ParameterizedTest
  @CsvSource({"1m", "4m", "12m", "27m", "90m", "350m", "1.5b"})
  void everySizeIsAModelOfAboutSoManyParameters(String size) {
    ModelSection model = Recipe.parse("model: {size: %s}".formatted(size)).model();

    double wanted =
        Double.parseDouble(size.substring(0, size.length() - 1)) * (size.endsWith("m") ? 1e6 : 1e9);
    assertThat(model.config(4096).parameters() / wanted).isBetween(0.7, 1.4);
    assertThat(model.hidden() / model.heads()).isEqualTo(64);
  }

  @Test
  void aKeySaidTwiceIsRefusedWithItsLine() {
    assertRefused("seed: 1\nseed: 2\n", "line 2: not YAML: Duplicate field 'seed'");
  }

  @Test
  void theDefaultModelHasTheSizeThatTheRecipeSays() {
    var config = Recipe.committed("default").model().config(4096);

    assertThat(config.parameters()).isBetween(2_500_000L, 2_600_000L);
  }

  private static void assertRefused(String yaml, String message) {
    assertThatThrownBy(() -> Recipe.parse(yaml))
        .isInstanceOf(QuartetException.class)
        .hasMessage("recipe: " + message)
        .extracting(e -> ((QuartetException) e).code())
        .isEqualTo(ErrorCode.INVALID_ARGUMENT);
  }
}
