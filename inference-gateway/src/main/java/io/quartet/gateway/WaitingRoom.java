package io.quartet.gateway;

/**
 * What may wait for one model.
 *
 * @param requests for a slot
 * @param tokens of prompts and answers, about, that wait for their first token
 */
record WaitingRoom(int requests, long tokens) {}
