package io.quartet.service;

import io.quartet.checkpoint.Checkpoint;

/**
 * What a stage starts from.
 *
 * @param checkpoint an earlier stage's result, in the local store
 * @param endpoint host:port of the service that announced it
 */
record StageInput(Checkpoint checkpoint, String endpoint) {}
