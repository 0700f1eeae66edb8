package io.quartet.decoder;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One checkpoint's weights in memory, with the batch that grows from them. */
final class LoadedModel {
  private final ModelFiles files;
  private final LongSupplier nanoClock;
  private final Set<Integer> stopTokens;
  private final ContinuousBatcher batcher;
  private @Nullable Tokenizer tokenizer; // once a stop string asked for it; guarded by this
  private boolean ended; // guarded by this

  private LoadedModel(
      ModelFiles files, DecoderOptions options, LongSupplier nanoClock, TokenCounters counters) {
    this.files = files;
    this.nanoClock = nanoClock;
    this.stopTokens = files.stopTokens();
    DecoderSession session = DecoderSession.open(files, options);
    this.batcher =
        new ContinuousBatcher(
            new RunningBatch(
                session, new PrefixCache(session.config(), options.prefixCacheBytes()), counters),
            options.slots(),
            files.name(),
            this::end);
  }

  static LoadedModel open(
      ModelFiles files, DecoderOptions options, LongSupplier nanoClock, TokenCounters counters) {
    ModelFiles held = files.at(options.precision()).within(options.contextLimit());
    return new LoadedModel(held, options, nanoClock, counters);
  }

  ModelFiles files() {
    return files;
  }

  ContinuousBatcher batcher() {
    return batcher;
  }

  /**
   * A prompt ready for the batch.
   *
   * @throws QuartetException INVALID_ARGUMENT if it is empty, it or its parameters have a token
   *     that is not in the vocabulary, or it leaves no room in the context; NOT_FOUND if there are
   *     stop strings and no tokenizer to find them with
   */
  Sequence sequence(GenerationRequest request, GenerationHandle handle) {
    int[] prompt = request.prompt();
    SamplingParams params = request.params();
    int context = files.config().contextLength();
    requireTokens(files, prompt);
    boolean answered = params.maxTokens() > 0;
    if (prompt.length > (answered ? context - 1 : context)) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "prompt of %d tokens, expected %s the context length %d of %s"
              .formatted(
                  prompt.length, answered ? "fewer than" : "at most", context, files.name()));
    }
    requireInVocabulary(params.logitBias().keySet(), "bias");
    requireInVocabulary(params.stopTokens(), "stop token");
    int room = Math.min(params.maxTokens(), context - prompt.length);
    IntPredicate ends = token -> stopTokens.contains(token) || params.stopTokens().contains(token);
    if (!params.stop().isEmpty()) {
      ends = ends.or(stopStrings(params));
    }
    return new Sequence(request, new Sequence.Terms(files.name(), room, ends), handle, nanoClock);
  }

  private void requireInVocabulary(Set<Integer> tokens, String what) {
    int vocabulary = files.config().vocabularySize();
    for (int token : tokens) {
      if (token < 0 || token >= vocabulary) {
        throw new QuartetException(
            ErrorCode.INVALID_ARGUMENT,
            "sampling: %s %d, expected 0 to %d of %s"
                .formatted(what, token, vocabulary - 1, files.name()));
      }
    }
  }

  private synchronized IntPredicate stopStrings(SamplingParams params) {
    if (ended) {
      return token -> true; // never asked: the batcher refuses the sequence
    }
    if (tokenizer == null) {
      tokenizer = Tokenizer.load(files.directory());
    }
    var text = new TextStream(tokenizer, params.stop());
    return token -> {
      text.push(token);
      return text.stopped();
    };
  }

  /** The last answer is over. */
  private synchronized void end() {
    ended = true;
    if (tokenizer != null) {
      tokenizer.close();
      tokenizer = null;
    }
  }

  /** Refuses an empty sequence and tokens outside the vocabulary: INVALID_ARGUMENT. */
  static void requireTokens(ModelFiles files, int[] tokens) {
    if (tokens.length == 0) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT, "empty token sequence, expected 1 token or more");
    }
    int vocabulary = files.config().vocabularySize();
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] < 0 || tokens[i] >= vocabulary) {
        throw new QuartetException(
            ErrorCode.INVALID_ARGUMENT,
            "token %d at place %d, expected 0 to %d of %s"
                .formatted(tokens[i], i, vocabulary - 1, files.name()));
      }
    }
  }
}
