package io.quartet.model;

import io.quartet.model.PackedBatch.LastToken;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * What a model thinks of the targets of a sequence.
 *
 * @param logProbs log p of each target given what comes before it, in nats
 * @param entropies the entropy of the distribution that each was predicted from, in nats
 */
@SuppressWarnings("ArrayRecordComponent") // handed over once, never compared
public record LogProbs(float[] logProbs, float[] entropies) {
  /**
   * Log-probabilities of the targets of many sequences, without gradients.
   *
   * @return one for each sequence, in their order
   */
  public static List<LogProbs> of(CausalLm model, List<TokenSequence> sequences, Workers workers) {
    return Chunks.map(
        sequences,
        model.config().contextLength(),
        LastToken.PREDICTED,
        workers,
        batch -> split(forward(model, batch), batch.targetCounts()));
  }

  /**
   * Tensors over the R targets of a batch, sequence by sequence.
   *
   * @param logProbsR log p of the targets, differentiable
   * @param logitsRV fp32 logits, differentiable
   * @param logPartitionR1 log Σ exp of the logits, differentiable
   */
  record Forward(Tensor logProbsR, Tensor logitsRV, Tensor logPartitionR1) {
    /** H = log Z − Σ p·z, [R]. */
    Tensor entropiesR() {
      Tensor softmaxRV = logitsRV.sub(logPartitionR1).exp_();
      return logPartitionR1.squeeze(1).sub(softmaxRV.mul(logitsRV).sum(1));
    }
  }

  static Forward forward(CausalLm model, PackedBatch batch) {
    return forward(model, model.hidden(batch, batch.targetRows()), batch);
  }

  /** The same from hidden states [R, D] at the batch's targets. */
  static Forward forward(CausalLm model, Tensor hiddenRD, PackedBatch batch) {
    Tensor logitsRV = model.logits(hiddenRD);
    Tensor logPartitionR1 = torch.logsumexp(logitsRV, new long[] {1}, true);
    Tensor chosenR1 = logitsRV.gather(1, Tensors.vector(batch.targetTokens()).view(-1, 1));
    return new Forward(chosenR1.sub(logPartitionR1).squeeze(1), logitsRV, logPartitionR1);
  }

  private static List<LogProbs> split(Forward forward, int[] counts) {
    List<float[]> logProbs = Tensors.split(forward.logProbsR(), counts);
    List<float[]> entropies = Tensors.split(forward.entropiesR(), counts);
    return IntStream.range(0, counts.length)
        .mapToObj(i -> new LogProbs(logProbs.get(i), entropies.get(i)))
        .toList();
  }
}
