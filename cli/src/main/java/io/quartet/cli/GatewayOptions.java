package io.quartet.cli;

import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.stack.LocalStack;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which gateway a command speaks to, and how. */
final class GatewayOptions {
  /** Where an API key comes from: an argument could be seen by everybody on the machine. */
  private static final String KEY = "QUARTET_API_KEY";

  @Spec(Spec.Target.MIXEE)
  private CommandSpec command = CommandSpec.create();

  @Option(
      names = "--gateway",
      paramLabel = "HOST:PORT",
      description = "A gateway's gRPC (default: the local stack's). Its API key: $$" + KEY + ".")
  private Optional<String> address = Optional.empty();

  @Option(names = "--tls", description = "Speak TLS; what --ca and --cert imply.")
  private boolean tls;

  @Option(
      names = "--ca",
      paramLabel = "FILE",
      description = "Certificates to trust, PEM (default: those of the JDK).")
  private Optional<Path> ca = Optional.empty();

  @Option(names = "--cert", paramLabel = "FILE", description = "Own certificate, PEM, for mTLS.")
  private Optional<Path> certificate = Optional.empty();

  @Option(names = "--key", paramLabel = "FILE", description = "Its private key, PEM.")
  private Optional<Path> key = Optional.empty();

  /**
   * Connects on the first call.
   *
   * @throws QuartetException INVALID_ARGUMENT for a file that is no PEM, or a certificate without
   *     its key; FAILED_PRECONDITION if no gateway is named and no stack is up
   * @throws ParameterException for an address that is none
   */
  Gateway open(Workspace workspace) {
    if (certificate.isPresent() != key.isPresent()) {
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT, "--cert and --key: found one, expected both or none");
    }
    GatewayChannel channel =
        tls || ca.isPresent() || certificate.isPresent()
            ? GatewayChannel.tls(ca, certificate, key)
            : GatewayChannel.plain();
    String target = address.orElseGet(() -> local(workspace));
    try {
      return new Gateway(target, channel.withKey(Optional.ofNullable(System.getenv(KEY))));
    } catch (QuartetException e) {
      throw new ParameterException(command.commandLine(), e.getMessage(), e);
    }
  }

  private static String local(Workspace workspace) {
    return LocalStack.running(workspace)
        .orElseThrow(
            () ->
                new QuartetException(
                    ErrorCode.FAILED_PRECONDITION,
                    "no stack is up in %s: start one with ./quartet up"
                        .formatted(workspace.home())))
        .gateway();
  }
}
