package io.quartet.cli.run;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.v1.CheckpointPublished;
import io.quartet.v1.RunSubmitted;
import io.quartet.v1.StageProgress;

/**
 * The three kinds of event that tell a run, and their lines in {@code events.jsonl}: one JSON
 * object with the kind as its key and the message in protobuf's JSON mapping as its value.
 */
final class RunEvents {
  private static final JsonFormat.Printer PRINTER =
      JsonFormat.printer().omittingInsignificantWhitespace();
  private static final JsonFormat.Parser PARSER = JsonFormat.parser().ignoringUnknownFields();

  private RunEvents() {}

  /** The run that an event is about. */
  static String run(Message event) {
    if (event instanceof RunSubmitted submitted) {
      return submitted.getRun();
    }
    if (event instanceof StageProgress progress) {
      return progress.getRun();
    }
    return ((CheckpointPublished) event).getRun();
  }

  static String line(Message event) {
    try {
      return "{\"%s\":%s}\n".formatted(kind(event), PRINTER.print(event));
    } catch (InvalidProtocolBufferException e) {
      throw new QuartetException(ErrorCode.INTERNAL, "event: " + e.getMessage(), e);
    }
  }

  private static String kind(Message event) {
    return event.getDescriptorForType().getName();
  }

  /**
   * Reads a line.
   *
   * @throws QuartetException DATA_LOSS if it is none
   */
  static Message parse(String line, String where) {
    int colon = line.indexOf("\":");
    if (!line.startsWith("{\"") || colon < 0 || !line.endsWith("}")) {
      throw damaged(where, line, null);
    }
    Message.Builder event = builder(line.substring(2, colon), where, line);
    try {
      PARSER.merge(line.substring(colon + 2, line.length() - 1), event);
      return event.build();
    } catch (InvalidProtocolBufferException e) {
      throw damaged(where, line, e);
    }
  }

  private static Message.Builder builder(String kind, String where, String line) {
    return switch (kind) {
      case "RunSubmitted" -> RunSubmitted.newBuilder();
      case "StageProgress" -> StageProgress.newBuilder();
      case "CheckpointPublished" -> CheckpointPublished.newBuilder();
      default -> throw damaged(where, line, null);
    };
  }

  private static QuartetException damaged(
      String where, String line, @org.jspecify.annotations.Nullable Throwable cause) {
    String start = line.substring(0, Math.min(40, line.length()));
    String message = "%s: got '%s…', expected an event".formatted(where, start);
    return cause == null
        ? new QuartetException(ErrorCode.DATA_LOSS, message)
        : new QuartetException(ErrorCode.DATA_LOSS, message, cause);
  }
}
