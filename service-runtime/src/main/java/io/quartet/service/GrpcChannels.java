package io.quartet.service;

import static io.quartet.checkpoint.ErrorCode.INVALID_ARGUMENT;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.quartet.checkpoint.QuartetException;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** Connections to other services. */
public final class GrpcChannels {
  /** What both sides accept in one message. */
  public static final int LARGEST_MESSAGE_BYTES = 16 << 20;

  private static final Pattern ENDPOINT = Pattern.compile("[A-Za-z0-9._:\\[\\]-]+:[0-9]{1,5}");

  private GrpcChannels() {}

  /**
   * Opens a channel; it connects on the first call. Every call on it needs a deadline.
   *
   * @param endpoint host:port
   * @throws QuartetException INVALID_ARGUMENT if the endpoint is not of that form
   */
  public static ManagedChannel open(String endpoint) {
    if (!ENDPOINT.matcher(endpoint).matches()) {
      throw new QuartetException(
          INVALID_ARGUMENT, "endpoint: '%s', expected host:port".formatted(endpoint));
    }
    return Grpc.newChannelBuilder(endpoint, InsecureChannelCredentials.create())
        .maxInboundMessageSize(LARGEST_MESSAGE_BYTES)
        .keepAliveTime(30, TimeUnit.SECONDS)
        .build();
  }
}
