package io.quartet.reward;

import io.quartet.checkpoint.Checkpoint;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.checkpoint.Tokenizer;
import io.quartet.decoder.DecoderOptions;
import io.quartet.decoder.SequenceScorer;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A published reward model with everything that its scores need: the recital of its base model and
 * the scale that gives the SFT model's own samples zero mean and unit variance.
 *
 * <p>Safe for any thread.
 */
final class RewardScorer implements AutoCloseable {
  private static final int RECITAL_SLOTS = 32;

  private final Checkpoint checkpoint;
  private final Tokenizer tokenizer;
  private final SequenceScorer scorer;
  private final Recital recital;
  private final double mean;
  private final double deviation;
  private final ReadWriteLock open = new ReentrantReadWriteLock();
  private boolean closed;

  private RewardScorer(
      Checkpoint checkpoint,
      Tokenizer tokenizer,
      Recital recital,
      SequenceScorer scorer,
      RewardScale scale) {
    this.checkpoint = checkpoint;
    this.tokenizer = tokenizer;
    this.scorer = scorer;
    this.recital = recital;
    this.mean = scale.mean();
    this.deviation = scale.deviation();
  }

  /**
   * Opens a reward model.
   *
   * @param checkpoint the reward model
   * @param base the base model that it was trained from
   * @throws QuartetException DATA_LOSS if its training record lacks the scale; else as the decoder
   */
  static RewardScorer open(Checkpoint checkpoint, Checkpoint base, int threads) {
    RewardScale scale = RewardScale.of(checkpoint);
    Tokenizer tokenizer = checkpoint.tokenizer();
    var options = new DecoderOptions(RECITAL_SLOTS, threads);
    return new RewardScorer(
        checkpoint,
        tokenizer,
        Recital.open(base, tokenizer, scale.recitalTokens(), options),
        SequenceScorer.open(checkpoint, threads),
        scale);
  }

  /** The reward model. */
  Checkpoint checkpoint() {
    return checkpoint;
  }

  /** Its tokenizer. */
  Tokenizer tokenizer() {
    return tokenizer;
  }

  /**
   * Rewards of whole conversations, in order; zero mean and unit variance on the SFT model's own
   * samples.
   *
   * @param conversations tokens of prompt and answer, without recital
   * @throws QuartetException INVALID_ARGUMENT if one is empty, too long, or not of the vocabulary;
   *     UNAVAILABLE if this was closed meanwhile
   */
  float[] rewards(List<int[]> conversations) {
    // Open models have more rows in their embedding than their tokenizer has tokens, and sample
    // them.
    int vocabulary = checkpoint.config().vocabularySize();
    for (int[] conversation : conversations) {
      if (conversation.length == 0 || conversation.length > scorer.contextLength()) {
        throw new QuartetException(
            ErrorCode.INVALID_ARGUMENT,
            "sequence of %d tokens, expected 1 to the context length %d of '%s'"
                .formatted(conversation.length, scorer.contextLength(), checkpoint.id()));
      }
      for (int token : conversation) {
        if (token < 0 || token >= vocabulary) {
          throw new QuartetException(
              ErrorCode.INVALID_ARGUMENT,
              "token %d, expected 0 to %d, the vocabulary of '%s'"
                  .formatted(token, vocabulary - 1, checkpoint.id()));
        }
      }
    }
    float[] rewards = raw(conversations);
    for (int i = 0; i < rewards.length; i++) {
      rewards[i] = (float) ((rewards[i] - mean) / deviation);
    }
    return rewards;
  }

  private float[] raw(List<int[]> conversations) {
    open.readLock().lock();
    try {
      if (closed) {
        throw new QuartetException(
            ErrorCode.UNAVAILABLE,
            "reward model '%s' makes room for another; ask again".formatted(checkpoint.id()));
      }
      return scorer.rewards(recital.before(conversations));
    } finally {
      open.readLock().unlock();
    }
  }

  /** Waits for the scores that are being computed; later ones are refused. */
  @Override
  public void close() {
    open.writeLock().lock();
    try {
      closed = true;
      scorer.close();
      recital.close();
      tokenizer.close();
    } finally {
      open.writeLock().unlock();
    }
  }

  /**
   * What turns a raw score into a reward, kept in the reward model's training record.
   *
   * @param mean of the raw scores of the SFT model's own samples
   * @param deviation of the same, above 0
   * @param recitalTokens the longest recital that the model reads before a conversation
   */
  record RewardScale(double mean, double deviation, int recitalTokens) {
    private static final String KEY = "scale";

    /** The entry of the training record. */
    Map<String, Object> entry() {
      return Map.of(
          KEY, Map.of("mean", mean, "deviation", deviation, "recital_tokens", recitalTokens));
    }

    /** The scale of some raw scores. */
    static RewardScale of(float[] scores, int recitalTokens) {
      double sum = 0;
      double squares = 0;
      for (float score : scores) {
        sum += score;
        squares += (double) score * score;
      }
      double mean = sum / scores.length;
      double deviation = Math.sqrt(Math.max(1e-12, squares / scores.length - mean * mean));
      return new RewardScale(mean, deviation, recitalTokens);
    }

    static RewardScale of(Checkpoint checkpoint) {
      if (checkpoint.training().metrics().get(KEY) instanceof Map<?, ?> scale
          && scale.get("mean") instanceof Number mean
          && scale.get("deviation") instanceof Number deviation
          && scale.get("recital_tokens") instanceof Number recitalTokens) {
        return new RewardScale(
            mean.doubleValue(), deviation.doubleValue(), recitalTokens.intValue());
      }
      throw new QuartetException(
          ErrorCode.DATA_LOSS,
          "reward model '%s': training.json has no metrics.%s of mean, deviation and recital_tokens"
              .formatted(checkpoint.id(), KEY));
    }
  }
}
