package io.quartet.recipe;

import io.quartet.checkpoint.Architecture;
import io.quartet.checkpoint.ModelConfig;
import io.quartet.checkpoint.SpecialTokens;
import java.util.Optional;

/**
 * The decoder's sizes, Llama's layout.
 *
 * @param from a checkpoint id or folder to start from instead of random weights; the sizes are then
 *     its own
 * @param size about how many parameters, such as {@code 12m}: every size, rate and number of steps
 *     that the recipe does not give itself follows from it, and is written out beside it
 * @param hidden width D
 * @param layers blocks L
 * @param heads query heads; {@code hidden / heads} is the head dimension
 * @param keyValueHeads key and value heads
 * @param feedForward inner width of the SwiGLU
 * @param context longest sequence, in tokens
 * @param ropeTheta base of the rotary embedding's wavelengths (Su et al. 2021)
 * @param rmsNormEpsilon added to the mean square
 * @param tiedEmbeddings whether the output layer is the embedding
 */
public record ModelSection(
    Optional<String> from,
    Optional<String> size,
    int hidden,
    int layers,
    int heads,
    int keyValueHeads,
    int feedForward,
    int context,
    double ropeTheta,
    double rmsNormEpsilon,
    boolean tiedEmbeddings) {
  // Generation's rotary kernel takes no other head; better said before training than after it.
  private static final int HEAD_MULTIPLE = 16;
  static final int MAX_CONTEXT = 131_072;

  /** Validates the sizes. */
  public ModelSection {
    size.ifPresent(
        wanted ->
            Check.holds(
                ModelSize.PARAMETERS.matcher(wanted).matches(),
                "size",
                "'" + wanted + "'",
                "parameters in millions or billions, such as 12m or 1.5b"));
    Check.holds(
        size.isEmpty() || from.isEmpty(),
        "size",
        size.orElse(""),
        "nothing beside model.from, whose sizes are its own");
    Check.between("hidden", hidden, 8, 16_384);
    Check.between("layers", layers, 1, 256);
    Check.between("heads", heads, 1, hidden);
    Check.holds(
        hidden % heads == 0 && hidden / heads % HEAD_MULTIPLE == 0,
        "heads",
        heads,
        "hidden %d divided into heads of a multiple of %d".formatted(hidden, HEAD_MULTIPLE));
    Check.holds(
        keyValueHeads >= 1 && heads % keyValueHeads == 0,
        "key_value_heads",
        keyValueHeads,
        "a divisor of heads " + heads);
    Check.between("feed_forward", feedForward, 8, 65_536);
    Check.between("context", context, 16, MAX_CONTEXT);
    Check.positive("rope_theta", ropeTheta);
    Check.between("rms_norm_epsilon", rmsNormEpsilon, 0, 0.1);
  }

  /** The model's {@code config.json} for a tokenizer of so many tokens. */
  public ModelConfig config(int vocabulary) {
    return new ModelConfig(
        Architecture.CAUSAL_LM,
        vocabulary,
        hidden,
        feedForward,
        layers,
        heads,
        keyValueHeads,
        hidden / heads,
        context,
        ropeTheta,
        rmsNormEpsilon,
        tiedEmbeddings,
        SpecialTokens.END_OF_TEXT_ID,
        SpecialTokens.END_OF_TEXT_ID,
        SpecialTokens.PAD_ID);
  }
}
