package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The weights of a Hugging Face folder: {@code model.safetensors}, or several files and {@code
 * model.safetensors.index.json}, which says what is where.
 */
final class ShardedWeights implements AutoCloseable {
  static final String INDEX = "model.safetensors.index.json";

  private static final String SUFFIX = ".safetensors";
  private static final long CHUNK = 1 << 26;

  private final Path source;
  private final Map<String, Safetensors> files; // by file name
  private final Map<String, Safetensors> tensors; // by tensor name

  private ShardedWeights(
      Path source, Map<String, Safetensors> files, Map<String, Safetensors> tensors) {
    this.source = source;
    this.files = files;
    this.tensors = tensors;
  }

  /**
   * Opens the weights and checks that they are a configuration's, each in F32, F16 or BF16.
   *
   * @throws QuartetException NOT_FOUND without them; DATA_LOSS if a file is truncated;
   *     INVALID_ARGUMENT naming the tensor, or the key of the index, what was found and what was
   *     expected
   */
  static ShardedWeights open(Path folder, ModelConfig config) {
    Path index = folder.resolve(INDEX);
    Path single = folder.resolve(Checkpoint.WEIGHTS);
    if (!Files.exists(single) && !Files.exists(index)) {
      throw noWeights(folder);
    }
    Map<String, Safetensors> files = new TreeMap<>();
    try {
      Map<String, Safetensors> tensors = new LinkedHashMap<>();
      if (Files.exists(single)) {
        Safetensors file = open(files, single);
        file.names().forEach(name -> tensors.put(name, file));
      } else {
        fromIndex(folder, files, tensors);
      }
      var weights = new ShardedWeights(Files.exists(single) ? single : index, files, tensors);
      weights.requireTensors(config.tensorShapes());
      return weights;
    } catch (QuartetException e) {
      files.values().forEach(Safetensors::close);
      throw e;
    }
  }

  /** The type of most elements. */
  DataType dataType() {
    Map<DataType, Long> elements = new TreeMap<>();
    tensors.forEach(
        (name, file) ->
            elements.merge(file.entry(name).dataType(), file.entry(name).elements(), Long::sum));
    return elements.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow().getKey();
  }

  /** Writes everything as one file: a single file as it is, several in the names' order. */
  void writeTo(Path target, Iterable<String> order) {
    if (!source.endsWith(INDEX)) {
      try {
        Files.copy(source, target, StandardCopyOption.REPLACE_EXISTING);
      } catch (IOException e) {
        throw QuartetException.writing(target, e);
      }
      return;
    }
    List<TensorSource> sources = new ArrayList<>();
    for (String name : order) {
      Safetensors file = tensors.get(name);
      if (file == null) {
        throw new IllegalStateException("no tensor '%s'".formatted(name));
      }
      TensorEntry entry = file.entry(name);
      sources.add(
          new TensorSource(
              name,
              entry.dataType(),
              entry.shape(),
              channel -> {
                for (long from = 0; from < entry.bytes(); from += CHUNK) {
                  ByteBuffer bytes = file.bytes(name, from, Math.min(CHUNK, entry.bytes() - from));
                  while (bytes.hasRemaining()) {
                    channel.write(bytes);
                  }
                }
              }));
    }
    Safetensors.write(target, Map.of("format", "pt"), sources);
  }

  @Override
  public void close() {
    files.values().forEach(Safetensors::close);
  }

  private static void fromIndex(
      Path folder, Map<String, Safetensors> files, Map<String, Safetensors> tensors) {
    Path index = folder.resolve(INDEX);
    ObjectNode json = Json.read(index, ErrorCode.INVALID_ARGUMENT);
    JsonNode map = json.path("weight_map");
    if (!map.isObject() || map.isEmpty()) {
      throw invalid("%s: weight_map is %s, expected file names by tensor", index, found(map));
    }
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      String name = entry.getValue().asText();
      // A plain name cannot leave the folder.
      if (!CheckpointFile.isName(name) || !name.endsWith(SUFFIX)) {
        throw invalid(
            "%s: tensor '%s' is in %s, expected the plain name of a %s file beside it",
            index, entry.getKey(), found(entry.getValue()), SUFFIX);
      }
      if (!files.containsKey(name) && !Files.exists(folder.resolve(name))) {
        throw new QuartetException(
            ErrorCode.NOT_FOUND,
            "%s: tensor '%s' is in '%s', found no such file"
                .formatted(index, entry.getKey(), name));
      }
      Safetensors file = open(files, folder.resolve(name));
      if (!file.names().contains(entry.getKey())) {
        throw invalid(
            "%s: tensor '%s': missing, expected it as %s says",
            folder.resolve(name), entry.getKey(), INDEX);
      }
      tensors.put(entry.getKey(), file);
    }
    files.forEach(
        (name, file) -> {
          for (String tensor : file.names()) {
            if (tensors.get(tensor) != file) {
              throw invalid(
                  "%s: tensor '%s': found, expected it %s as %s says",
                  folder.resolve(name),
                  tensor,
                  tensors.containsKey(tensor) ? "in another file" : "nowhere",
                  INDEX);
            }
          }
        });
  }

  private static Safetensors open(Map<String, Safetensors> files, Path file) {
    return files.computeIfAbsent(
        String.valueOf(file.getFileName()), name -> Safetensors.open(file));
  }

  private void requireTensors(Map<String, long[]> shapes) {
    shapes.forEach(
        (name, shape) -> {
          Safetensors file = tensors.get(name);
          if (file == null || !Arrays.equals(file.entry(name).shape(), shape)) {
            throw unexpected(name, file, "shape " + Arrays.toString(shape));
          }
          DataType type = file.entry(name).dataType();
          if (type != DataType.F32 && type != DataType.F16 && type != DataType.BF16) {
            throw invalid(
                "%s: tensor '%s': type %s, expected F32, F16 or BF16", source, name, type);
          }
        });
    tensors.forEach(
        (name, file) -> {
          if (!shapes.containsKey(name)) {
            throw unexpected(name, file, "no such tensor");
          }
        });
  }

  private QuartetException unexpected(String name, @Nullable Safetensors file, String expected) {
    String found = file == null ? "missing" : "shape " + Arrays.toString(file.entry(name).shape());
    return invalid("%s: tensor '%s': %s, expected %s", source, name, found, expected);
  }

  /** Pickles can run code when they are opened, so nobody opens them here. */
  private static QuartetException noWeights(Path folder) {
    List<String> others;
    try (Stream<Path> children = Files.list(folder)) {
      others =
          children
              .map(path -> String.valueOf(path.getFileName()))
              .filter(name -> name.matches(".*\\.(bin|pt|pth|ckpt|gguf|h5|msgpack|onnx)"))
              .sorted()
              .toList();
    } catch (IOException e) {
      throw QuartetException.reading(folder, e);
    }
    String expected = "%s or %s".formatted(Checkpoint.WEIGHTS, INDEX);
    if (others.isEmpty()) {
      return new QuartetException(
          ErrorCode.NOT_FOUND, "%s: found no weights, expected %s".formatted(folder, expected));
    }
    boolean pickle = others.get(0).matches(".*\\.(bin|pt|pth|ckpt)");
    return invalid(
        "%s: found '%s'%s, expected %s",
        folder, others.get(0), pickle ? ", a pickle, which can run code" : "", expected);
  }

  private static String found(JsonNode node) {
    return node.isMissingNode() ? "missing" : node.toString();
  }

  private static QuartetException invalid(String format, Object... arguments) {
    return new QuartetException(ErrorCode.INVALID_ARGUMENT, format.formatted(arguments));
  }
}
