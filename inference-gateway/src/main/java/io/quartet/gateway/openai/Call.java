package io.quartet.gateway.openai;

import io.quartet.gateway.Question;
import java.util.function.IntFunction;

/**
 * A request that has been understood.
 *
 * @param question for the models
 * @param answers how many there will be
 * @param choices writes the i-th answer
 * @param idPrefix of the response's id
 * @param object the response's kind
 * @param streamed whether it is told as it grows
 * @param usage whether a stream ends with the tokens that were used
 */
record Call(
    Question question,
    int answers,
    IntFunction<Choice> choices,
    String idPrefix,
    String object,
    boolean streamed,
    boolean usage) {}
