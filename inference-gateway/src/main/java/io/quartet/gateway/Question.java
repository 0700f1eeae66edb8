package io.quartet.gateway;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.quartet.checkpoint.Conversation;
import io.quartet.checkpoint.Message;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.SamplingParameters;
import io.quartet.v1.SamplingParametersOrBuilder;
import java.util.List;
import java.util.function.Function;

/**
 * What a caller wants answered. All its answers come from the same weights.
 *
 * @param model a stage's name or a checkpoint id
 * @param prompts gives the prompts in the tokens of the model that will answer
 * @param sampling knobs, as far as the caller names them
 * @param samples answers to each prompt; the seed of each is one more than the one's before
 * @param trimmed whether white space around an answer is left out
 * @param echo whether the prompt's text comes before each answer
 * @param urgency how soon the answers are wanted
 */
public record Question(
    String model,
    Function<ServedModel, List<int[]>> prompts,
    SamplingParameters sampling,
    int samples,
    boolean trimmed,
    boolean echo,
    Urgency urgency) {
  /** The most answers of one question. */
  public static final int MOST_ANSWERS = 64;

  /** The most turns of a conversation: an open model's template is rendered for each answer. */
  private static final int MOST_MESSAGES = 2048;

  private static final int MOST_STOPS = 16;
  private static final int LONGEST_STOP = 256;

  /** Checks the number of samples; INVALID_ARGUMENT. */
  public Question {
    requireAnswers(samples, "samples");
  }

  /** The knobs, once their strings that end an answer are not too many or too long. */
  public static <S extends SamplingParametersOrBuilder> S requireStops(S sampling) {
    if (sampling.getStopCount() > MOST_STOPS) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "sampling: %d stop strings, expected at most %d"
              .formatted(sampling.getStopCount(), MOST_STOPS));
    }
    for (String stop : sampling.getStopList()) {
      if (stop.isEmpty() || stop.length() > LONGEST_STOP) {
        throw new QuartetException(
            INVALID_ARGUMENT,
            "sampling: stop string of %d characters, expected 1 to %d"
                .formatted(stop.length(), LONGEST_STOP));
      }
    }
    return sampling;
  }

  /** The fewest tokens of an answer: none where only the prompt is scored. */
  public static int leastAnswer(SamplingParametersOrBuilder sampling) {
    return sampling.hasMaxTokens() && sampling.getMaxTokens() == 0 ? 0 : 1;
  }

  /** A conversation of so many turns, once they are not too many; INVALID_ARGUMENT. */
  public static Conversation conversation(List<Message> messages) {
    if (messages.size() > MOST_MESSAGES) {
      throw new QuartetException(
          INVALID_ARGUMENT,
          "messages: found %d, expected at most %d".formatted(messages.size(), MOST_MESSAGES));
    }
    return new Conversation(messages);
  }

  static void requireAnswers(int found, String what) {
    if (found < 1 || found > MOST_ANSWERS) {
      throw new QuartetException(
          INVALID_ARGUMENT, "%s: %d, expected 1 to %d".formatted(what, found, MOST_ANSWERS));
    }
  }
}
