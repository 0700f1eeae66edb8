package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code checkpoint.json}: which files a checkpoint has, with sizes and digests. */
record Manifest(CheckpointId id, List<CheckpointFile> files) {
  static final String FILE = "checkpoint.json";

  void write(Path directory) {
    ObjectNode json = Json.object();
    json.put("id", id.toString());
    json.put("digest", Checkpoint.digest(files));
    ArrayNode list = json.putArray("files");
    for (CheckpointFile file : files) {
      list.addObject()
          .put("name", file.name())
          .put("size", file.size())
          .put("sha256", file.sha256());
    }
    Json.write(directory.resolve(FILE), json);
  }

  /** The manifest in a folder; DATA_LOSS if it is not one, or is another checkpoint's. */
  static Manifest read(Path directory, CheckpointId expected) {
    Path file = directory.resolve(FILE);
    ObjectNode json = Json.read(file, ErrorCode.DATA_LOSS);
    if (!json.path("id").asText().equals(expected.toString())) {
      throw lost(file, "id is %s, expected \"%s\"".formatted(json.path("id"), expected));
    }
    List<CheckpointFile> files = new ArrayList<>();
    for (JsonNode entry : json.path("files")) {
      try {
        files.add(
            new CheckpointFile(
                entry.path("name").asText(),
                entry.path("size").asLong(-1),
                entry.path("sha256").asText()));
      } catch (QuartetException e) {
        throw new QuartetException(ErrorCode.DATA_LOSS, file + ": " + e.getMessage(), e);
      }
    }
    String digest = Checkpoint.digest(files);
    if (!json.path("digest").asText().equals(digest)) {
      throw lost(
          file, "digest is %s, its files give \"%s\"".formatted(json.path("digest"), digest));
    }
    return new Manifest(expected, List.copyOf(files));
  }

  /** DATA_LOSS if a file is missing or has another size; does not read the files. */
  void requireSizes(Path directory) {
    for (CheckpointFile file : files) {
      Path path = directory.resolve(file.name());
      long found;
      try {
        found = Files.exists(path) ? Files.size(path) : -1;
      } catch (IOException e) {
        throw QuartetException.reading(path, e);
      }
      if (found != file.size()) {
        throw lost(
            path,
            "found %s, expected %d bytes"
                .formatted(found < 0 ? "no file" : found + " bytes", file.size()));
      }
    }
  }

  /** DATA_LOSS if a file's bytes are not those that were published; reads every file. */
  void requireDigests(Path directory) {
    requireSizes(directory);
    for (CheckpointFile file : files) {
      Path path = directory.resolve(file.name());
      CheckpointFile found = Digests.file(path);
      if (!found.equals(file)) {
        throw lost(path, "found sha256 %s, expected %s".formatted(found.sha256(), file.sha256()));
      }
    }
  }

  private static QuartetException lost(Path file, String message) {
    return new QuartetException(ErrorCode.DATA_LOSS, file + ": " + message);
  }
}
