package io.quartet.checkpoint;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * A model's own chat template. Its text becomes the tokens that Hugging Face gives it, with two
 * differences: special tokens spelled out in a message are text, so nobody can end somebody else's
 * turn, and tokens never span the place where an answer begins, so that what is trained is what the
 * model will be asked for.
 */
final class JinjaChatFormat implements ChatFormat {
  /** Of the private use area: put into special tokens that a message spells out. */
  private static final String FENCE = "\ue000";

  private static final String PROBE = "\ue001";

  private final Tokenizer tokenizer;
  private final JinjaTemplate template;
  private final Pattern specials;
  private final int end;

  /**
   * A template over a tokenizer.
   *
   * @throws QuartetException INVALID_ARGUMENT if the template cannot be rendered, or does not end
   *     the assistant's turn with a special token
   */
  JinjaChatFormat(Tokenizer tokenizer, String template) {
    this.tokenizer = tokenizer;
    this.template = new JinjaTemplate(template, tokenizer.config().specials());
    this.specials = longestFirst(tokenizer.specialTokens());
    String probed =
        this.template.render(List.of(Message.user("x"), Message.assistant(PROBE)), false);
    Matcher ends = specials.matcher(probed);
    if (probed.indexOf(PROBE) < 0 || !ends.find(probed.indexOf(PROBE))) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "chat template: the assistant's turn ends in '%s', expected one of the special tokens %s"
              .formatted(
                  probed.substring(Math.max(probed.indexOf(PROBE) + 1, 0)).replace("\n", "\\n"),
                  tokenizer.specialTokens()));
    }
    this.end = tokenizer.specialToken(ends.group());
  }

  @Override
  public int endTokenId() {
    return end;
  }

  @Override
  public EncodedConversation encode(List<Message> messages, boolean answering) {
    List<Message> fenced = messages.stream().map(this::fenced).toList();
    String text = template.render(fenced, answering);
    List<Span> answers = answers(fenced, text);
    var tokens = new Tokens();
    Matcher matcher = specials.matcher(text);
    int from = 0;
    while (matcher.find()) {
      encode(text, from, matcher.start(), answers, tokens);
      boolean trained = answers.stream().anyMatch(a -> a.holds(matcher.start()));
      tokens.add(trained, tokenizer.specialToken(matcher.group()));
      from = matcher.end();
    }
    encode(text, from, text.length(), answers, tokens);
    return tokens.encoded();
  }

  @Override
  public int fewestTokens(List<Message> messages) {
    return 0; // a template may leave anything out
  }

  /**
   * Where the assistant's answers are: from where the model would be asked for one, to the end of
   * the turn. Where a template writes earlier turns otherwise than it asks for them, there is
   * nothing to learn.
   */
  private List<Span> answers(List<Message> messages, String text) {
    List<Span> answers = new ArrayList<>();
    for (int i = 1; i < messages.size(); i++) {
      if (messages.get(i).role() != Role.ASSISTANT) {
        continue;
      }
      String asked = template.render(messages.subList(0, i), true);
      Matcher matcher = specials.matcher(text);
      if (text.startsWith(asked)) {
        int to = asked.length();
        boolean ended = matcher.find(to);
        while (ended && tokenizer.specialToken(matcher.group()) != end) {
          ended = matcher.find();
        }
        answers.add(new Span(to, ended ? matcher.end() : text.length()));
      }
    }
    return answers;
  }

  /** Text between two special tokens, cut where an answer begins. */
  private void encode(String text, int from, int to, List<Span> answers, Tokens tokens) {
    int begin = from;
    for (Span answer : answers) {
      if (answer.from() > begin && answer.from() < to) {
        encode(text, begin, answer.from(), begin == from, answers, tokens);
        begin = answer.from();
      }
    }
    encode(text, begin, to, begin == from, answers, tokens);
  }

  private void encode(
      String text, int from, int to, boolean afterSpecial, List<Span> answers, Tokens tokens) {
    if (from == to) {
      return;
    }
    String piece = text.substring(from, to).replace(FENCE, "");
    boolean begins = from == 0 || afterSpecial && tokenizer.prefixesEveryPiece();
    int[] ids = begins ? tokenizer.encode(piece) : tokenizer.encodeContinued(piece);
    tokens.add(answers.stream().anyMatch(a -> a.holds(from)), ids);
  }

  private Message fenced(Message message) {
    String content =
        specials
            .matcher(message.content().replace(FENCE, "\ufffd"))
            .replaceAll(
                found ->
                    Matcher.quoteReplacement(
                        found.group().charAt(0) + FENCE + found.group().substring(1)));
    return new Message(message.role(), content);
  }

  private static Pattern longestFirst(Set<String> tokens) {
    return Pattern.compile(
        tokens.stream()
            .filter(token -> !token.isEmpty())
            .sorted(Comparator.comparingInt(String::length).reversed())
            .map(Pattern::quote)
            .collect(Collectors.joining("|", tokens.isEmpty() ? "(?!)" : "", "")));
  }

  /** Characters of the text. */
  private record Span(int from, int to) {
    boolean holds(int at) {
      return at >= from && at < to;
    }
  }

  private static final class Tokens {
    private final List<Integer> ids = new ArrayList<>();
    private final List<Boolean> trained = new ArrayList<>();

    void add(boolean isTrained, int... tokenIds) {
      for (int id : tokenIds) {
        ids.add(id);
        trained.add(isTrained);
      }
    }

    EncodedConversation encoded() {
      boolean[] flags = new boolean[trained.size()];
      for (int i = 0; i < flags.length; i++) {
        flags[i] = trained.get(i);
      }
      return new EncodedConversation(ids.stream().mapToInt(id -> id).toArray(), flags);
    }
  }
}
