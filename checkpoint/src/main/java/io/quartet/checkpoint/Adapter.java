package io.quartet.checkpoint;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A checkpoint that holds only what was trained beside frozen weights, as a folder of PEFT: {@code
 * adapter_config.json} and {@code adapter_model.safetensors}. The frozen weights are another
 * checkpoint's, which the safetensors' metadata names with its digest.
 *
 * @param lora what was adapted and how
 * @param base the checkpoint whose weights are frozen
 * @param baseDigest that checkpoint's {@link Checkpoint#digest()}
 */
public record Adapter(LoraConfig lora, CheckpointId base, String baseDigest) {
  /** The configuration's file name, PEFT's. */
  public static final String CONFIG = "adapter_config.json";

  /** The adapter's weights' file name, PEFT's. */
  public static final String WEIGHTS = "adapter_model.safetensors";

  /** What PEFT puts before a module's name. */
  public static final String PREFIX = "base_model.model.";

  private static final String BASE = "base_checkpoint";
  private static final String DIGEST = "base_digest";
  private static final String HEAD = "score";

  /** An adapter on a checkpoint. */
  public static Adapter on(Checkpoint base, LoraConfig lora) {
    return new Adapter(lora, base.id(), base.digest());
  }

  /** Whether a folder holds an adapter. */
  public static boolean isIn(Path directory) {
    return Files.exists(directory.resolve(CONFIG));
  }

  /**
   * The adapter in a folder.
   *
   * @throws QuartetException NOT_FOUND if a file is missing, INVALID_ARGUMENT if it is of a kind
   *     that Quartet cannot merge or does not name its base, DATA_LOSS if it is damaged
   */
  public static Adapter read(Path directory) {
    Path file = directory.resolve(CONFIG);
    ObjectNode json = Json.read(file, ErrorCode.DATA_LOSS);
    requireValue(file, json, "peft_type", "LORA");
    requireValue(file, json, "bias", "none");
    for (String variant : List.of("use_dora", "use_rslora", "fan_in_fan_out")) {
      if (json.path(variant).asBoolean()) {
        throw invalid(file, "%s is true, expected false".formatted(variant));
      }
    }
    List<String> targets = new ArrayList<>();
    json.path("target_modules").forEach(target -> targets.add(target.asText()));
    var lora =
        new LoraConfig(
            json.path("r").asInt(),
            json.path("lora_alpha").asDouble(),
            targets,
            json.path("lora_dropout").asDouble());
    try (Safetensors weights = Safetensors.open(directory.resolve(WEIGHTS))) {
      Map<String, String> metadata = weights.metadata();
      return new Adapter(
          lora,
          CheckpointId.parse(metadata.getOrDefault(BASE, "")),
          metadata.getOrDefault(DIGEST, ""));
    }
  }

  /**
   * Writes {@code adapter_config.json}.
   *
   * @param config the adapted model's, whose head is trained whole if it is a reward model's
   */
  public void write(Path directory, ModelConfig config) {
    boolean rewards = config.architecture() == Architecture.SEQUENCE_CLASSIFICATION;
    ObjectNode json = Json.object();
    json.put("base_model_name_or_path", base.toString());
    json.put("bias", "none");
    json.put("fan_in_fan_out", false);
    json.put("inference_mode", true);
    json.put("init_lora_weights", true);
    json.put("lora_alpha", lora.alpha());
    json.put("lora_dropout", lora.dropout());
    if (rewards) {
      json.putArray("modules_to_save").add(HEAD);
    } else {
      json.putNull("modules_to_save");
    }
    json.put("peft_type", "LORA");
    json.put("r", lora.rank());
    JsonNode targets = Json.MAPPER.valueToTree(lora.targetModules());
    json.set("target_modules", targets);
    json.put("task_type", rewards ? "SEQ_CLS" : "CAUSAL_LM");
    json.put("use_dora", false);
    json.put("use_rslora", false);
    Json.write(directory.resolve(CONFIG), json);
  }

  /** The metadata of {@code adapter_model.safetensors}. */
  public Map<String, String> metadata() {
    var metadata = new LinkedHashMap<String, String>();
    metadata.put("format", "pt");
    metadata.put(BASE, base.toString());
    metadata.put(DIGEST, baseDigest);
    return metadata;
  }

  /** Every tensor's shape by PEFT's name: A [r, in] and B [out, r], and a reward model's head. */
  public Map<String, long[]> tensorShapes(ModelConfig config) {
    var shapes = new LinkedHashMap<String, long[]>();
    config
        .tensorShapes()
        .forEach(
            (name, shape) -> {
              String module = module(name);
              if (module.equals(HEAD)) {
                shapes.put(PREFIX + name, shape);
              } else if (shape.length == 2 && lora.adapts(module)) {
                shapes.put(down(module), new long[] {lora.rank(), shape[1]});
                shapes.put(up(module), new long[] {shape[0], lora.rank()});
              }
            });
    return shapes;
  }

  /** The module that a tensor belongs to. */
  static String module(String tensor) {
    return tensor.substring(0, Math.max(0, tensor.lastIndexOf('.')));
  }

  /** PEFT's name of a module's A. */
  static String down(String module) {
    return PREFIX + module + ".lora_A.weight";
  }

  /** PEFT's name of a module's B. */
  static String up(String module) {
    return PREFIX + module + ".lora_B.weight";
  }

  private static void requireValue(Path file, ObjectNode json, String key, String expected) {
    if (!json.path(key).asText().equals(expected)) {
      throw invalid(file, "%s is %s, expected \"%s\"".formatted(key, json.path(key), expected));
    }
  }

  private static QuartetException invalid(Path file, String problem) {
    return new QuartetException(ErrorCode.INVALID_ARGUMENT, file + ": " + problem);
  }
}
