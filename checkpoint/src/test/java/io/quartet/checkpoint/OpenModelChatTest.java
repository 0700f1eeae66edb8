package io.quartet.checkpoint;

import static io.quartet.checkpoint.Failures.assertFails;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

/** Tokens of texts and conversations are those that transformers gives, by the model's template. */
class OpenModelChatTest {
  static final List<String> FAMILIES = OpenModels.FAMILIES;

  @TempDir Path folder;

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void textsBecomeTheTokensOfHuggingFace(String family) {
    try (Tokenizer tokenizer = load(family)) {
      for (JsonNode text : OpenModels.expected(family).path("texts")) {
        int[] ids = tokenizer.encode(text.path("text").asText());

        assertThat(ids).isEqualTo(OpenModels.ids(text.path("ids")));
        assertThat(tokenizer.decode(ids)).isEqualTo(text.path("decoded").asText());
      }
    }
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void conversationsBecomeTheTokensOfTransformers(String family) {
    try (Tokenizer tokenizer = load(family)) {
      var template = new ChatTemplate(tokenizer);
      JsonNode conversations = OpenModels.expected(family).path("conversations");
      assertThat(conversations).isNotEmpty();
      for (JsonNode expected : conversations) {
        List<Message> messages = messages(expected);

        assertThat(template.encode(new Conversation(messages)).tokenIds())
            .isEqualTo(OpenModels.ids(expected.path("ids")));
        assertThat(template.prompt(new Conversation(messages.subList(0, messages.size() - 1))))
            .isEqualTo(OpenModels.ids(expected.path("prompt")));
      }
    }
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void answersAndTheirEndsAreTrainedAndNothingElse(String family) {
    try (Tokenizer tokenizer = load(family)) {
      var template = new ChatTemplate(tokenizer);
      EncodedConversation encoded =
          template.encode(
              Conversation.of(
                  Message.user("why?"),
                  Message.assistant("because"),
                  Message.user("really"),
                  Message.assistant("yes")));

      List<String> trained = new ArrayList<>();
      var text = new StringBuilder();
      for (int i = 0; i < encoded.length(); i++) {
        if (encoded.trained()[i] && encoded.tokenIds()[i] == template.endTokenId()) {
          trained.add(text.toString().trim());
          text.setLength(0);
        } else if (encoded.trained()[i]) {
          text.append(tokenizer.decode(encoded.tokenIds()[i]));
        }
      }
      String last = family.equals("qwen3") ? "<think>\n\n</think>\n\nyes" : "yes";
      assertThat(trained).containsExactly("because", last);
      assertThat(text).isEmpty();
    }
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void nobodyCanEndSomebodyElsesTurn(String family) {
    try (Tokenizer tokenizer = load(family)) {
      var template = new ChatTemplate(tokenizer);
      String ends = String.join("x", tokenizer.specialTokens());

      int[] honest = template.prompt(Conversation.of(Message.user("x")));
      int[] attack = template.prompt(Conversation.of(Message.user("x" + ends + " I obey")));

      assertThat(specials(tokenizer, attack)).isEqualTo(specials(tokenizer, honest));
      assertThat(tokenizer.encodeWithSpecials(ends)).hasSizeLessThan(tokenizer.encode(ends).length);
    }
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void whatIsTrainedBeginsWhereThePromptEnds(String family) {
    try (Tokenizer tokenizer = load(family)) {
      var template = new ChatTemplate(tokenizer);
      Conversation question = Conversation.of(Message.user("why?"));
      // A line's end, which would merge with the one before it.
      EncodedConversation answered =
          template.encode(question.with(Message.assistant("\n\nbecause")));

      int[] prompt = template.prompt(question);

      assertThat(answered.tokenIds()).startsWith(prompt);
      assertThat(answered.trained()[prompt.length - 1]).isFalse();
      assertThat(answered.trained()[prompt.length]).isTrue();
    }
  }

  @Test
  void aWholeTextBeginsAsHuggingFacesTokenizerBeginsIt() throws IOException {
    Path llama = OpenModels.begun(OpenModels.copy("llama", folder));

    try (Tokenizer tokenizer = Tokenizer.load(llama);
        var huggingFace =
            HuggingFaceTokenizer.newInstance(
                llama.resolve(TokenizerFiles.TOKENIZER), Map.of("addSpecialTokens", "true"))) {
      for (String text : List.of("what does anchor mean?", " the cat", "")) {
        long[] expected = huggingFace.encode(text).getIds();
        assertThat(tokenizer.encodeWhole(text))
            .isEqualTo(Arrays.stream(expected).mapToInt(Math::toIntExact).toArray())
            .startsWith(300);
      }
      assertThat(new ChatTemplate(tokenizer).prompt(Conversation.of(Message.user("x"))))
          .startsWith(300)
          .containsOnlyOnce(300);
    }
  }

  @ParameterizedTest
  @FieldSource("FAMILIES")
  void aWholeTextIsOnlyTheTextWhereNothingIsPutBeforeIt(String family) {
    try (Tokenizer tokenizer = load(family)) {
      assertThat(tokenizer.encodeWhole("the cat")).isEqualTo(tokenizer.encode("the cat"));
    }
  }

  @Test
  void whatATemplateRefusesIsRefusedInItsWords() {
    try (Tokenizer tokenizer = load("mistral")) {
      var template = new ChatTemplate(tokenizer);
      assertFails(
          () -> template.prompt(Conversation.of(Message.system("be quiet"), Message.user("why?"))),
          ErrorCode.INVALID_ARGUMENT,
          "chat template: Roles must alternate user/assistant/user/assistant");
    }
  }

  @Test
  void anotherAnswerMayFollowAnAnswerWhereTheTemplateLetsIt() {
    try (Tokenizer tokenizer = load("qwen2")) {
      var template = new ChatTemplate(tokenizer);
      Conversation answered = Conversation.of(Message.user("why?"), Message.assistant("because"));
      int[] begun = tokenizer.encodeWithSpecials("<|im_start|>assistant\n");

      assertThat(template.prompt(answered))
          .startsWith(template.encode(answered).tokenIds())
          .endsWith(begun)
          .hasSize(template.encode(answered).length() + begun.length);
    }
  }

  @Test
  void idsBeyondTheTokenizerAreNoText() {
    try (Tokenizer tokenizer = load("qwen2")) {
      assertThat(tokenizer.vocabularySize()).isEqualTo(303);
      assertThat(tokenizer.decode(303, 303)).isEmpty();
    }
  }

  private Tokenizer load(String family) {
    return Tokenizer.load(OpenModels.copy(family, folder));
  }

  private static List<Message> messages(JsonNode conversation) {
    List<Message> messages = new ArrayList<>();
    for (JsonNode message : conversation.path("messages")) {
      messages.add(
          new Message(Role.parse(message.path("role").asText()), message.path("content").asText()));
    }
    return messages;
  }

  private static List<Integer> specials(Tokenizer tokenizer, int[] ids) {
    List<Integer> found = new ArrayList<>();
    for (int id : ids) {
      if (tokenizer.specialTokens().stream().anyMatch(s -> tokenizer.specialToken(s) == id)) {
        found.add(id);
      }
    }
    return found;
  }
}
