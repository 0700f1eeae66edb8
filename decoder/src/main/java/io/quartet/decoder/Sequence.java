package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** A prompt and the answer that grows behind it. Belongs to the batcher's thread. */
final class Sequence {
  private final int[] tokens;
  private final List<ScoredToken> scored = new ArrayList<>();
  private final List<ScoredToken> scoredPrompt = new ArrayList<>();
  private final int promptLength;
  private final GenerationRequest request;
  private final SamplingParams params;
  private final Sampler sampler;
  private final @Nullable LogitChanges changes;
  private final Terms terms;
  private final GenerationHandle handle;
  private final Stopwatch stopwatch;
  private int length;
  private int read;
  private int cached;

  /** It is asked for now, by the clock. */
  Sequence(
      GenerationRequest request, Terms terms, GenerationHandle handle, LongSupplier nanoClock) {
    int[] prompt = request.prompt();
    this.request = request;
    this.params = request.params();
    this.tokens = Arrays.copyOf(prompt, prompt.length + terms.room);
    this.promptLength = prompt.length;
    this.sampler = Sampler.of(params);
    this.changes = LogitChanges.of(params, prompt);
    this.terms = terms;
    this.handle = handle;
    this.stopwatch = new Stopwatch(nanoClock);
    this.length = prompt.length;
  }

  int promptLength() {
    return promptLength;
  }

  /** How many of its prompt's tokens go through the head: its last, or all if they are scored. */
  int promptHeads() {
    return params.promptLogProbs() ? promptLength : 1;
  }

  Priority priority() {
    return request.priority();
  }

  /** The most tokens it may come to, which is one more than its slot must hold. */
  int capacity() {
    return tokens.length;
  }

  /** How many of its tokens are in its slot. */
  int read() {
    return read;
  }

  /** Why it is not to go on: it was cancelled, or its time is over. */
  Optional<FinishReason> unwanted() {
    if (handle.cancelled()) {
      return Optional.of(FinishReason.CANCELLED);
    }
    return request.timeLimit().filter(stopwatch::past).map(limit -> FinishReason.TIME_LIMIT);
  }

  /** What makes two prompts' steps the same. */
  PromptKey promptKey() {
    return new PromptKey(
        IntBuffer.wrap(tokens, 0, promptLength).slice(),
        params.temperature(),
        params.promptLogProbs() ? params.topLogProbs() : -1);
  }

  /** How many tokens a prefix cache may know of its prompt without having to be read. */
  int known(PrefixCache prefixes) {
    return prefixes.match(tokens, mostKnown());
  }

  /** Fills its slot with what a prefix cache knows of its prompt. */
  void restore(PrefixCache prefixes, DecoderSession session, int slot) {
    stopwatch.begin();
    cached = prefixes.restore(tokens, mostKnown(), session, slot);
    read = cached;
  }

  /** Leaves its prompt, which is read, to a prefix cache. */
  void store(PrefixCache prefixes, DecoderSession session, int slot) {
    prefixes.store(tokens, promptLength, session, slot);
  }

  /** How many tokens of its prompt a prefix cache is asked for: none if they are scored. */
  int queried() {
    return params.promptLogProbs() ? 0 : promptLength;
  }

  /** How many tokens of its prompt were restored. */
  int cached() {
    return cached;
  }

  /** A step of a prompt takes two tokens or more, and gives the scores if they are asked for. */
  private int mostKnown() {
    return params.promptLogProbs() ? 0 : promptLength - 2;
  }

  /** Whether its prompt is not read to its end. */
  boolean reading() {
    return read < promptLength;
  }

  /**
   * The next unread tokens of its prompt as a row of a step, at most {@code most}, or one more so
   * that none is left alone, {@linkplain DecoderSession#LEAST_OF_PROMPT in a step} or {@linkplain
   * DecoderSession#leavesOne in a product}. The prompt's last token goes through the head; its
   * others do if they are scored.
   */
  DecoderSession.Row promptRow(int most) {
    stopwatch.begin();
    int rest = promptLength - read;
    int width = Math.min(rest, Math.max(most, DecoderSession.LEAST_OF_PROMPT));
    if (rest - width == 1) {
      width += width > DecoderSession.LEAST_OF_PROMPT ? -1 : 1;
    }
    if (width > 1 && DecoderSession.leavesOne(width)) {
      width -= 2;
    }
    int to = read + width;
    int heads = to < promptLength ? 0 : 1;
    if (params.promptLogProbs()) {
      heads = to - read;
    }
    return new DecoderSession.Row(tokens, read, to, params.temperature(), heads);
  }

  /**
   * Its last token as a row of a step; while its prompt is read, a place in the step that comes to
   * nothing: what it leaves in the slot is overwritten when it is that place's turn.
   */
  DecoderSession.Row growingRow() {
    int from = Math.max(1, read);
    return new DecoderSession.Row(tokens, from, from + 1, params.temperature(), 1);
  }

  /** Takes over what another read, whose prompt is the same. */
  void follow(Sequence leader) {
    stopwatch.begin();
    scoredPrompt.addAll(leader.scoredPrompt);
    read = promptLength;
  }

  /** Notes that its slot holds its tokens up to {@code count}. */
  void readUpTo(int count) {
    read = count;
  }

  /**
   * Scores the prompt's tokens that follow those of a row of the last step, if they are asked for.
   *
   * @param lastHead the head's row of the row's last token
   */
  void scorePrompt(DecoderSession.Row row, int lastHead, Drawing drawing) {
    if (params.promptLogProbs()) {
      int head = lastHead - row.width() + 1;
      for (int place = row.from(); place < row.to() && place + 1 < promptLength; place++) {
        int token = tokens[place + 1];
        scoredPrompt.add(drawing.score(head + place - row.from(), token, params.topLogProbs()));
      }
    }
  }

  /** Whether it has all tokens that were asked for: from the beginning if that is none. */
  boolean complete() {
    return length == tokens.length;
  }

  /**
   * Draws the next token from a row of the last step's head and tells the listener, unless it is
   * {@link #complete}.
   *
   * @return whether the answer has ended, in whatever way
   */
  boolean advance(int head, Drawing drawing) {
    try {
      if (complete()) {
        handle.listener().prompt(List.copyOf(scoredPrompt));
        return finish(FinishReason.LENGTH);
      }
      int token = drawing.draw(head, sampler, changes, params.temperature());
      stopwatch.token();
      if (scored.isEmpty() && params.promptLogProbs()) {
        handle.listener().prompt(List.copyOf(scoredPrompt));
      }
      ScoredToken next = drawing.score(head, token, params.topLogProbs());
      scored.add(next);
      tokens[length++] = token;
      if (changes != null) {
        changes.count(token);
      }
      handle.listener().token(next);
      if (terms.ends.test(token)) {
        return finish(FinishReason.STOP);
      }
      return complete() && finish(FinishReason.LENGTH);
    } catch (QuartetException e) {
      return fail(e);
    } catch (RuntimeException e) { // a listener's: its own answer ends, the others' go on
      return fail(new QuartetException(ErrorCode.INTERNAL, "token listener failed: " + e, e));
    }
  }

  /** Ends the answer with what it has; returns true. */
  boolean finish(FinishReason reason) {
    handle.complete(
        new Generation(scored, scoredPrompt, reason, terms.weights, stopwatch.effort(cached)));
    return true;
  }

  /** Ends the answer without a result; returns true. */
  boolean fail(QuartetException failure) {
    handle.fail(failure);
    return true;
  }

  /**
   * A prompt by its contents.
   *
   * @param scores alternatives of each of its tokens; −1 if they are not scored
   */
  record PromptKey(IntBuffer prompt, double temperature, int scores) {}

  /**
   * What a model adds to a request.
   *
   * @param weights the model's name
   * @param room the most tokens to generate; none if its prompt is only scored
   * @param ends told every generated token once, says whether it ends the answer
   */
  record Terms(String weights, int room, IntPredicate ends) {}
}
