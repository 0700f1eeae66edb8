package io.quartet.checkpoint;

/**
 * What kind of thing went wrong; the names are those of the gRPC status codes, so that a service
 * maps one to the other by name and nothing is decided twice.
 */
public enum ErrorCode {
  /** The caller's input is wrong whatever the state of the system. */
  INVALID_ARGUMENT,
  /** The named thing is not here. */
  NOT_FOUND,
  /** The thing to create is already here. */
  ALREADY_EXISTS,
  /** The input is fine, but the system is not in the state that it needs. */
  FAILED_PRECONDITION,
  /** Past the end of something. */
  OUT_OF_RANGE,
  /** No space, no memory, no free slot. */
  RESOURCE_EXHAUSTED,
  /** Bytes are missing or are not the bytes that were published. */
  DATA_LOSS,
  /** The other side cannot be reached now; trying again may help. */
  UNAVAILABLE,
  /** Not done in the time that was given. */
  DEADLINE_EXCEEDED,
  /** Stopped on request. */
  CANCELLED,
  /** Nobody said who asks, or nobody that is known. */
  UNAUTHENTICATED,
  /** Whoever asks is known and may not do this. */
  PERMISSION_DENIED,
  /** A bug, or an engine's failure that has no better category. */
  INTERNAL
}
