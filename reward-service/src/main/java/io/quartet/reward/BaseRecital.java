package io.quartet.reward;

import io.quartet.checkpoint.SpecialTokens;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.Generation;
import io.quartet.decoder.SamplingParams;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What the base model itself recalls about a question, which the reward model reads before the
 * conversation: {@code <|endoftext|> recital <|user|> question <|end|> <|assistant|> answer
 * <|end|>}.
 *
 * <p>A small reward model that has to know <em>and</em> to compare learns the comparisons of its
 * training words by heart. With the knowledge in front of it, it only has to compare, and that
 * holds on words that it has never seen compared. Nothing of the true answer is in a recital but
 * what the base model knows; it is greedy, so it is the same whenever it is asked for.
 *
 * <p>Safe for any thread.
 */
final class BaseRecital implements Recital {
  private static final int REMEMBERED = 20_000;
  private static final List<String> STOP = List.of(".");
  private static final int[] NOTHING = {};

  private final DecoderEngine base;
  private final Tokenizer tokenizer;
  private final int maxTokens;
  private final int documentToken;
  private final int userToken;
  private final int assistantToken;
  private final Map<String, int[]> remembered =
      Collections.synchronizedMap(
          new LinkedHashMap<>() {
            @Override
            protected boolean removeEldestEntry(Map.Entry<String, int[]> eldest) {
              return size() > REMEMBERED;
            }
          });

  /**
   * @param base the base model of the reward model's run, which is closed with this
   * @param maxTokens the longest recital, at least 1
   */
  BaseRecital(DecoderEngine base, Tokenizer tokenizer, int maxTokens) {
    this.base = base;
    this.tokenizer = tokenizer;
    this.maxTokens = maxTokens;
    this.documentToken = base.config().beginTokenId();
    this.userToken = tokenizer.specialToken(SpecialTokens.USER);
    this.assistantToken = tokenizer.specialToken(SpecialTokens.ASSISTANT);
  }

  @Override
  public int maxTokens() {
    return maxTokens;
  }

  @Override
  public List<int[]> before(List<int[]> conversations) {
    List<String> questions = conversations.stream().map(this::question).toList();
    Map<String, int[]> recitals = recall(new LinkedHashSet<>(questions));
    List<int[]> whole = new ArrayList<>(conversations.size());
    for (int i = 0; i < conversations.size(); i++) {
      whole.add(joined(recitals.getOrDefault(questions.get(i), NOTHING), conversations.get(i)));
    }
    return whole;
  }

  @Override
  public void close() {
    base.close();
  }

  /** The recital of each question; what is remembered may be forgotten while others come in. */
  private Map<String, int[]> recall(Set<String> questions) {
    Map<String, int[]> recitals = new HashMap<>();
    List<String> unknown = new ArrayList<>();
    for (String question : questions) {
      int[] known = remembered.get(question);
      if (known == null) {
        unknown.add(question);
      } else {
        recitals.put(question, known);
      }
    }
    if (!unknown.isEmpty()) {
      List<int[]> prompts = unknown.stream().map(this::prompt).toList();
      SamplingParams greedy = SamplingParams.greedy(maxTokens).toBuilder().stop(STOP).build();
      List<Generation> answers =
          base.generate(prompts, Collections.nCopies(prompts.size(), greedy));
      for (int i = 0; i < unknown.size(); i++) {
        int[] recital = withoutSpecials(answers.get(i).tokenIds());
        recitals.put(unknown.get(i), recital);
        remembered.put(unknown.get(i), recital);
      }
    }
    return recitals;
  }

  private int[] prompt(String question) {
    int[] text = tokenizer.encode(" " + question);
    int room = base.contextLength() - maxTokens - 1;
    int kept = Math.max(0, Math.min(text.length, room));
    int[] prompt = new int[kept + 1];
    prompt[0] = documentToken;
    System.arraycopy(text, text.length - kept, prompt, 1, kept);
    return prompt;
  }

  /** The last user turn before the last answer begins. */
  private String question(int[] conversation) {
    int answer = lastIndexOf(assistantToken, conversation, conversation.length);
    int user = lastIndexOf(userToken, conversation, Math.max(answer, 0));
    return user < 0
        ? ""
        : tokenizer.decode(Arrays.copyOfRange(conversation, user + 1, answer)).trim();
  }

  private int[] joined(int[] recital, int[] conversation) {
    int[] whole = new int[1 + recital.length + conversation.length];
    whole[0] = documentToken;
    System.arraycopy(recital, 0, whole, 1, recital.length);
    System.arraycopy(conversation, 0, whole, 1 + recital.length, conversation.length);
    int excess = Math.max(0, whole.length - base.contextLength());
    return Arrays.copyOfRange(whole, excess, whole.length);
  }

  private static int[] withoutSpecials(int[] tokens) {
    return Arrays.stream(tokens).filter(id -> id >= SpecialTokens.ALL.size()).toArray();
  }

  private static int lastIndexOf(int token, int[] in, int before) {
    for (int i = before - 1; i >= 0; i--) {
      if (in[i] == token) {
        return i;
      }
    }
    return -1;
  }
}
