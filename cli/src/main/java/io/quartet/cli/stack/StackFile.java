package io.quartet.cli.stack;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quartet.checkpoint.ErrorCode;
import io.quartet.checkpoint.QuartetException;
import io.quartet.cli.Workspace;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * What a later command must know of a stack that is up: {@code stack.json} in the data directory.
 *
 * @param host that it listens on
 * @param portBase the broker's port
 * @param scale how many processes of each kind
 */
record StackFile(String host, int portBase, Scale scale) {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String NAME = "stack.json";

  Ports ports() {
    return new Ports(host, portBase);
  }

  void write(Workspace workspace) {
    try {
      Workspace.write(
          workspace.home().resolve(NAME),
          JSON.writerWithDefaultPrettyPrinter().writeValueAsString(this) + "\n");
    } catch (JsonProcessingException e) {
      throw new QuartetException(ErrorCode.INTERNAL, NAME + ": " + e.getOriginalMessage(), e);
    }
  }

  static Optional<StackFile> read(Workspace workspace) {
    Path file = workspace.home().resolve(NAME);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    try {
      return Optional.of(JSON.readValue(Workspace.read(file), StackFile.class));
    } catch (JsonProcessingException e) {
      throw new QuartetException(
          ErrorCode.DATA_LOSS, "%s: got no stack description; delete it".formatted(file), e);
    }
  }
}
