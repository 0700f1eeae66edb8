package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * Tiny models as transformers saves them, with what it computes from them; made by {@code
 * bench/fixtures/open_models.py}.
 */
public final class OpenModels {
  /** One of each family. */
  public static final List<String> FAMILIES = List.of("llama", "mistral", "qwen2", "qwen3");

  /** The weights of qwen3 in half precision and several files. */
  public static final List<String> SHARDED = List.of("sharded-bf16", "sharded-fp16");

  private static final List<String> FILES =
      Stream.concat(
              Stream.of(
                  "config.json",
                  "generation_config.json",
                  "tokenizer.json",
                  "tokenizer_config.json",
                  "chat_template.jinja",
                  "model.safetensors",
                  "model.safetensors.index.json"),
              IntStream.rangeClosed(1, 4).mapToObj("model-0000%d-of-00004.safetensors"::formatted))
          .toList();

  /** As Llama 3's tokenizer has it. */
  private static final String BEGINNING =
      """
      {"post_processor": {"type": "Sequence", "processors": [
        {"type": "ByteLevel", "add_prefix_space": true, "trim_offsets": false, "use_regex": true},
        {"type": "TemplateProcessing",
         "single": [{"SpecialToken": {"id": "<|begin_of_text|>", "type_id": 0}},
                    {"Sequence": {"id": "A", "type_id": 0}}],
         "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
         "special_tokens": {"<|begin_of_text|>":
           {"id": "<|begin_of_text|>", "ids": [300], "tokens": ["<|begin_of_text|>"]}}}]}}
      """;

  private OpenModels() {}

  /** Has the tokenizer of the copied llama put its first special token before every text. */
  static Path begun(Path folder) {
    Path file = folder.resolve(TokenizerFiles.TOKENIZER);
    ObjectNode json = Json.read(file, ErrorCode.INTERNAL);
    json.setAll(Json.parse(BEGINNING, "the test", ErrorCode.INTERNAL));
    Json.write(file, json);
    return folder;
  }

  /** Copies a model's files into a folder of its name. */
  public static Path copy(String name, Path into) {
    Path folder = into.resolve(name);
    try {
      Files.createDirectories(folder);
      for (String file : FILES) {
        try (InputStream in = resource(name, file)) {
          if (in != null) {
            Files.copy(in, folder.resolve(file));
          }
        }
      }
      return folder;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What transformers makes of a model: the file's keys are described in the script. */
  public static JsonNode expected(String name) {
    try (InputStream in = resource(name, "expected.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A JSON list as token ids. */
  public static int[] ids(JsonNode list) {
    return StreamSupport.stream(list.spliterator(), false).mapToInt(JsonNode::intValue).toArray();
  }

  private static InputStream resource(String name, String file) {
    return OpenModels.class.getResourceAsStream("open-models/" + name + "/" + file);
  }
}
