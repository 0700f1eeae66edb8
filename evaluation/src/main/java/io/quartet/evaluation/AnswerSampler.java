package io.quartet.evaluation;

import io.quartet.checkpoint.ChatTemplate;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.datasets.GoldScorer;
import io.quartet.datasets.Question;
import io.quartet.datasets.WordNetLessons;
import io.quartet.decoder.DecoderEngine;
import io.quartet.decoder.DecoderMemory;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.FinishReason;
import io.quartet.decoder.Generation;
import io.quartet.decoder.SamplingParams;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * Asks a model questions about words and scores what it says.
 *
 * @param maxTokens longest answer
 */
public record AnswerSampler(DecoderEngine engine, Tokenizer tokenizer, int maxTokens) {
  /** More tokens than a prompt about a word has, three examples among them, in any tokenizer. */
  private static final int LONGEST_PROMPT = 512;

  /** Bytes that a decoder of so many slots holds while it answers questions about words. */
  public static long memory(ModelConfig config, int slots, int maxTokens) {
    var options = new DecoderOptions(slots, 1).withContextLimit(LONGEST_PROMPT + maxTokens);
    return DecoderMemory.of(config, options);
  }

  /**
   * Answers in the chat format; an answer has ended if its turn did.
   *
   * @param perQuestion answers to each question
   * @param temperature 0 for the likeliest answer
   * @return the answers to the first question, then those to the second, and so on; the same seed
   *     gives the same answers
   */
  public List<ScoredAnswer> chat(
      List<Question> questions, int perQuestion, double temperature, long seed) {
    ChatTemplate template = new ChatTemplate(tokenizer);
    return sample(
        questions,
        question -> template.prompt(question.conversation()),
        template.endTokenId(),
        perQuestion,
        temperature,
        seed);
  }

  /**
   * Answers of a base model to plain text with three examples ({@link
   * WordNetLessons#fewShotPrompt}); an answer has ended if its document did.
   */
  public List<ScoredAnswer> fewShot(
      WordNetLessons lessons,
      List<Question> questions,
      int perQuestion,
      double temperature,
      long seed) {
    int begin = engine.config().beginTokenId();
    return sample(
        questions,
        question -> document(begin, tokenizer.encode(lessons.fewShotPrompt(question))),
        engine.config().endTokenId(),
        perQuestion,
        temperature,
        seed);
  }

  private List<ScoredAnswer> sample(
      List<Question> questions,
      Function<Question, int[]> prompt,
      int end,
      int perQuestion,
      double temperature,
      long seed) {
    SplittableRandom seeds = new SplittableRandom(seed);
    List<Question> asked = new ArrayList<>();
    List<int[]> prompts = new ArrayList<>();
    List<SamplingParams> params = new ArrayList<>();
    for (Question question : questions) {
      int[] promptIds = prompt.apply(question);
      for (int i = 0; i < perQuestion; i++) {
        asked.add(question);
        prompts.add(promptIds);
        params.add(SamplingParams.sampled(temperature, seeds.nextLong(), maxTokens));
      }
    }
    List<Generation> generations = engine.generate(prompts, params);
    List<ScoredAnswer> answers = new ArrayList<>();
    for (int i = 0; i < asked.size(); i++) {
      answers.add(scored(asked.get(i), prompts.get(i), generations.get(i), end));
    }
    return answers;
  }

  private ScoredAnswer scored(Question question, int[] prompt, Generation generation, int end) {
    int[] answerIds = generation.tokenIds();
    boolean ended =
        generation.finishReason() == FinishReason.STOP && answerIds[answerIds.length - 1] == end;
    String answer = tokenizer.decode(answerIds).strip();
    return new ScoredAnswer(
        question.word().lemma(),
        question.id(),
        prompt,
        answerIds,
        answer,
        ended,
        GoldScorer.score(question.word(), answer, ended));
  }

  /** A document's beginning: the token that begins documents, then text. */
  static int[] document(int begin, int... text) {
    int[] document = new int[text.length + 1];
    document[0] = begin;
    System.arraycopy(text, 0, document, 1, text.length);
    return document;
  }
}
