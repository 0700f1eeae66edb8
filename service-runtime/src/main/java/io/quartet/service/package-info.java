/**
 * What every Quartet service shares: the life of a training stage, the exchange of checkpoints over
 * gRPC, events over Kafka, and errors. Services implement {@link io.quartet.service.TrainingStage};
 * nothing here knows what a model is.
 */
@NullMarked
package io.quartet.service;

import org.jspecify.annotations.NullMarked;
