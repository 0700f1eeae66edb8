package io.quartet.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.quartet.model.PackedBatch.LastToken;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.api.Test;

class FlashAttentionTest {
  private static final long HEADS = 4;
  private static final long GROUPS = 2;
  private static final long CHANNELS = 64;

  @Test
  void aSequenceBeginsWithEachDocumentEachRowAndItsPadding() {
    PackedBatch batch = packed(5, 3, 4);

    assertThat(batch.documents())
        .isEqualTo(new long[][] {{0, 0, 0, 0, 0, -1, -1}, {0, 0, 0, 0, 1, 1, 1}});
    assertThat(FlashAttention.begins(batch.documents())).containsExactly(0, 5, 7, 11, 14);
  }

  /** Against softmax(q·kᵀ + mask)·v in fp32, forward and backward, on the device that has it. */
  @Test
  void onCudaItIsAttentionWithinEachDocument() {
    assumeTrue(TorchRuntime.cuda());
    PackedBatch batch = packed(90, 40, 61, 7);
    long tokens = (long) batch.rows() * batch.length();
    try (var scope = new PointerScope()) {
      Tensor turned = random(tokens, HEADS + GROUPS).requires_grad_(true);
      Tensor value = random(tokens, GROUPS).requires_grad_(true);
      Tensor real = Tensors.flat(batch.documents()).ge(new Scalar(0));
      Tensor weight = random(tokens, HEADS).mul(real.view(-1, 1, 1)).to(ScalarType.Float);

      Tensor fast =
          FlashAttention.of(batch)
              .attend(turned.to(ScalarType.BFloat16), value.to(ScalarType.BFloat16))
              .to(ScalarType.Float);
      fast.mul(weight).sum().backward();
      List<Tensor> fastGradients = List.of(turned.grad().clone(), value.grad().clone());
      turned.mutable_grad().reset();
      value.mutable_grad().reset();
      Tensor exact = written(turned, value, batch);
      exact.mul(weight).sum().backward();

      assertThat(error(fast.mul(real.view(-1, 1, 1)), exact.mul(real.view(-1, 1, 1))))
          .isLessThan(0.01);
      assertThat(error(fastGradients.get(0), turned.grad())).isLessThan(0.01);
      assertThat(error(fastGradients.get(1), value.grad())).isLessThan(0.01);
    }
  }

  /** Sequences of these input tokens in rows of as many as the longest two have. */
  private static PackedBatch packed(int... lengths) {
    List<TokenSequence> sequences =
        Arrays.stream(lengths)
            .mapToObj(length -> TokenSequence.document(Tiny.tokens(length + 1, length)))
            .toList();
    return PackedBatch.pack(sequences, IntStream.of(lengths).sum() / 2 + 1, LastToken.PREDICTED);
  }

  /** Of values that bf16 has, so that both sides read the same. */
  private static Tensor random(long tokens, long heads) {
    return TorchRuntime.place(torch.randn(tokens, heads, CHANNELS))
        .mul(new Scalar(0.3f))
        .to(ScalarType.BFloat16)
        .to(ScalarType.Float)
        .detach();
  }

  private static Tensor written(Tensor turned, Tensor value, PackedBatch batch) {
    long rows = batch.rows();
    long length = batch.length();
    Tensor documents = Tensors.matrix(batch.documents());
    Tensor hidden =
        documents
            .unsqueeze(2)
            .ne(documents.unsqueeze(1))
            .logical_or(documents.new_ones(length, length).triu(1).to(ScalarType.Bool));
    Tensor mask =
        Tensors.zerosBeside(documents, rows, length, length)
            .masked_fill_(hidden, new Scalar(Float.NEGATIVE_INFINITY))
            .unsqueeze(1);
    Tensor q = heads(turned.narrow(1, 0, HEADS), rows, length);
    Tensor k = heads(turned.narrow(1, HEADS, GROUPS), rows, length);
    Tensor v = heads(value, rows, length);
    Tensor scores = torch.matmul(q, shared(k).transpose(-1, -2)).add(mask);
    return torch
        .matmul(torch.softmax(scores, -1), shared(v))
        .transpose(1, 2)
        .reshape(rows * length, HEADS, CHANNELS);
  }

  private static Tensor heads(Tensor xNHC, long rows, long length) {
    return xNHC.reshape(rows, length, -1, CHANNELS).transpose(1, 2);
  }

  private static Tensor shared(Tensor xBKTC) {
    return xBKTC
        .unsqueeze(2)
        .expand(xBKTC.size(0), GROUPS, HEADS / GROUPS, xBKTC.size(2), CHANNELS)
        .reshape(xBKTC.size(0), HEADS, xBKTC.size(2), CHANNELS);
  }

  /** ‖a − b‖ / ‖b‖. */
  private static double error(Tensor a, Tensor b) {
    return a.sub(b).norm().item_float() / b.norm().item_float();
  }
}
