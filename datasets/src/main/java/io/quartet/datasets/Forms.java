package io.quartet.datasets;

import static io.quartet.recipe.DataShape.ALPACA;
import static io.quartet.recipe.DataShape.HH;
import static io.quartet.recipe.DataShape.MESSAGES;
import static io.quartet.recipe.DataShape.PAIRS;
import static io.quartet.recipe.DataShape.RANKED;
import static io.quartet.recipe.DataShape.SHAREGPT;
import static io.quartet.recipe.DataShape.TEXT;

import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.Role;
import java.util.List;

/** The shapes of each kind of data, in the order in which they are tried on a file. */
final class Forms {
  static final List<Form<Document>> DOCUMENTS =
      List.of(new Form<>(TEXT, "text", r -> r.has("text"), r -> new Document(r.text("text"))));

  static final List<Form<Demonstration>> DEMONSTRATIONS =
      List.of(
          new Form<>(
              MESSAGES,
              "messages",
              r -> r.has("messages"),
              r -> demonstration("messages", r.messages("messages"))),
          new Form<>(
              SHAREGPT,
              "conversations",
              r -> r.has("conversations"),
              r -> demonstration("conversations", ShareGpt.turns(r))),
          new Form<>(
              ALPACA,
              "instruction and output",
              r -> r.has("instruction", "output"),
              r -> demonstration("output", Alpaca.conversation(r))));

  static final List<Form<Ranking>> COMPARISONS =
      List.of(
          new Form<>(
              SHAREGPT,
              "conversations, chosen and rejected",
              r -> r.has("conversations", "chosen", "rejected"),
              ShareGpt::comparison),
          new Form<>(
              PAIRS,
              "prompt, chosen and rejected",
              r -> r.has("prompt", "chosen", "rejected"),
              r ->
                  Ranking.pair(
                      r.prompt("prompt"),
                      r.answer("chosen", "prompt"),
                      r.answer("rejected", "prompt"))),
          new Form<>(
              RANKED, "prompt and answers", r -> r.has("prompt", "answers"), Ranked::ranking),
          new Form<>(
              HH, "transcripts chosen and rejected", Forms::transcripts, Transcript::comparison));

  static final List<Form<Prompt>> PROMPTS =
      List.of(
          new Form<>(PAIRS, "prompt", r -> r.has("prompt"), r -> prompt(r, r.prompt("prompt"))),
          new Form<>(
              MESSAGES,
              "messages",
              r -> r.has("messages"),
              r -> prompt(r, "messages", r.messages("messages"))),
          new Form<>(
              SHAREGPT,
              "conversations",
              r -> r.has("conversations"),
              r -> prompt(r, "conversations", ShareGpt.turns(r))),
          new Form<>(
              ALPACA,
              "instruction",
              r -> r.has("instruction"),
              r -> prompt(r, "instruction", Alpaca.prompt(r))),
          new Form<>(
              HH,
              "transcripts chosen and rejected",
              Forms::transcripts,
              r -> prompt(r, Transcript.prompt(r))));

  private Forms() {}

  private static boolean transcripts(JsonRow row) {
    return row.textual("chosen") && row.textual("rejected") && Transcript.is(row.text("chosen"));
  }

  private static Demonstration demonstration(String key, List<Message> messages) {
    return new Demonstration(JsonRow.answered(key, messages));
  }

  /** The conversation without the answer that it may end with. */
  private static Prompt prompt(JsonRow row, String key, List<Message> messages) {
    boolean answered = JsonRow.last(messages).role() == Role.ASSISTANT;
    List<Message> before = answered ? messages.subList(0, messages.size() - 1) : messages;
    return prompt(row, JsonRow.waiting(key, before));
  }

  private static Prompt prompt(JsonRow row, Conversation conversation) {
    return new Prompt(row.has("id") ? row.scalar("id") : "", conversation);
  }
}
