package io.quartet.gateway;

import io.quartet.decoder.Priority;

/**
 * Room for all answers to a question: their places at the model, their leases on its weights, and
 * what they take of the caller's quota.
 *
 * @param tokensEach of each prompt and answer, about, that the model's queue and the caller's quota
 *     were charged
 * @param asked when the question came, as {@link System#nanoTime} counts
 */
record Admitted(ServedModel model, Terms terms, Priority priority, long tokensEach, long asked) {
  /** Takes the caller's quota; RESOURCE_EXHAUSTED if it is used up. */
  void charge() {
    terms.caller().charge(tokensEach * terms.answers());
  }

  /** Answers wait no more. */
  void served(int answers) {
    model.admission().served(tokensEach * answers, priority);
  }

  /** Answers will not begin: all is given back. */
  void withdraw() {
    leave();
    terms.caller().used(tokensEach * terms.answers(), 0);
  }

  /** Answers will not begin, and the caller was not charged for them. */
  void leave() {
    served(terms.answers());
    model.release(terms.answers());
  }

  /** One answer is over, and used so many tokens. */
  void over(long tokens) {
    terms.caller().used(tokensEach, tokens);
    model.release(1);
  }
}
