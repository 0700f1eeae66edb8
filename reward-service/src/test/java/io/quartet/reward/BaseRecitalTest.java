package io.quartet.reward;

import static org.assertj.core.api.Assertions.assertThat;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.CheckpointStore;
import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.Role;
import io.quartet.checkpoint.SpecialTokens;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.SamplingParams;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BaseRecitalTest {
  private static final String QUESTION = "What does the word apple mean?";

  @TempDir private static Path folder;
  private static Tokenizer tokenizer;
  private static DecoderEngine base;
  private static ChatTemplate template;

  @BeforeAll
  static void loadABaseModel() {
    Checkpoint model = new UntrainedModels(new CheckpointStore(folder)).base();
    tokenizer = model.tokenizer();
    base = DecoderEngine.open(model, new DecoderOptions(4, 1));
    template = new ChatTemplate(tokenizer);
  }

  @AfterAll
  static void close() {
    base.close();
    tokenizer.close();
  }

  @Test
  void whatTheBaseModelGoesOnWithPrecedesTheConversation() {
    int[] conversation = conversation(QUESTION, "A fruit.");

    int[] whole = new BaseRecital(base, tokenizer, 12).before(List.of(conversation)).get(0);

    int[] prompt = concatenation(new int[] {0}, tokenizer.encode(" " + QUESTION));
    var greedy = SamplingParams.greedy(12).toBuilder().stop(List.of(".")).build();
    int[] recalled =
        Arrays.stream(base.generate(List.of(prompt), List.of(greedy)).get(0).tokenIds())
            .filter(token -> token >= SpecialTokens.ALL.size())
            .toArray();
    assertThat(recalled).isNotEmpty();
    assertThat(whole)
        .isEqualTo(concatenation(new int[] {0}, concatenation(recalled, conversation)));
  }

  @Test
  void theSameQuestionHasTheSameRecitalWhateverIsAnsweredOrAskedBesideIt() {
    int[] one = conversation(QUESTION, "A fruit.");
    int[] other = conversation(QUESTION, "A small tool for cutting.");
    int[] second = conversation("Define dog.", "An animal.");
    var recital = new BaseRecital(base, tokenizer, 12);

    int[] first = recital.before(List.of(one)).get(0);
    List<int[]> later = recital.before(List.of(second, other));
    List<int[]> anew = new BaseRecital(base, tokenizer, 12).before(List.of(second, other));

    int recited = first.length - one.length;
    assertThat(Arrays.copyOf(later.get(1), recited)).isEqualTo(Arrays.copyOf(first, recited));
    assertThat(later.get(1)).endsWith(other);
    assertThat(anew).usingRecursiveComparison().isEqualTo(later);
  }

  @Test
  void theLastQuestionIsTheOneThatIsRecalled() {
    int[] alone = conversation(QUESTION, "A fruit.");
    int[] later =
        template
            .encode(
                Conversation.of(
                    new Message(Role.USER, "Define dog."),
                    new Message(Role.ASSISTANT, "An animal."),
                    new Message(Role.USER, QUESTION),
                    new Message(Role.ASSISTANT, "A fruit.")))
            .tokenIds();

    List<int[]> whole = new BaseRecital(base, tokenizer, 12).before(List.of(alone, later));

    int recited = whole.get(0).length - alone.length;
    assertThat(whole.get(1)).isEqualTo(concatenation(Arrays.copyOf(whole.get(0), recited), later));
  }

  @Test
  void whatIsTooLongLosesItsBeginning() {
    int[] question = conversation(QUESTION, "x");
    int context = base.contextLength();
    int[] filled = IntStream.range(0, context - 3 - question.length).map(i -> 70).toArray();
    int[] conversation = concatenation(question, filled);

    int[] whole = new BaseRecital(base, tokenizer, 12).before(List.of(conversation)).get(0);

    assertThat(whole).hasSize(context).endsWith(conversation);
    assertThat(whole[0]).isNotEqualTo(SpecialTokens.END_OF_TEXT_ID);
  }

  @Test
  void aRecitalOfNoTokensLeavesTheConversationAsItIs() {
    List<int[]> conversations = List.of(conversation(QUESTION, "A fruit."));

    assertThat(Recital.NONE.before(conversations)).isEqualTo(conversations);
  }

  private static int[] conversation(String question, String answer) {
    return template
        .encode(
            Conversation.of(new Message(Role.USER, question), new Message(Role.ASSISTANT, answer)))
        .tokenIds();
  }

  private static int[] concatenation(int[] first, int[] second) {
    return IntStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
  }
}
