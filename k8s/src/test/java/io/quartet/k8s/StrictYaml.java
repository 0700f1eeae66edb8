package io.quartet.k8s;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import io.strimzi.api.kafka.model.kafka.Kafka;
import io.strimzi.api.kafka.model.nodepool.KafkaNodePool;
import io.strimzi.api.kafka.model.topic.KafkaTopic;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Collection;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Reads YAML into typed resources and finds the fields that their types do not know. */
final class StrictYaml {
  private static final ObjectMapper YAML =
      new ObjectMapper(
          YAMLFactory.builder().enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build());
  private static final KubernetesSerialization TYPES = new KubernetesSerialization();
  private static final String STRIMZI = "kafka.strimzi.io/v1";

  /** Strimzi's classes register themselves under an older version than the one in use. */
  private static final Map<String, Class<? extends HasMetadata>> STRIMZI_TYPES =
      Map.of(
          "Kafka", Kafka.class,
          "KafkaNodePool", KafkaNodePool.class,
          "KafkaTopic", KafkaTopic.class);

  private StrictYaml() {}

  /** Every document of a YAML stream; a key that stands twice in a mapping is an error. */
  static List<JsonNode> documents(String yaml) {
    try (var values = YAML.readerFor(JsonNode.class).<JsonNode>readValues(yaml)) {
      return values.readAll();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Every resource of a YAML stream, in the class of its apiVersion and kind. */
  static List<HasMetadata> resources(String yaml) {
    return documents(yaml).stream().map(StrictYaml::resource).toList();
  }

  private static HasMetadata resource(JsonNode document) {
    Class<? extends HasMetadata> strimzi = STRIMZI_TYPES.get(document.path("kind").asText());
    return strimzi != null && STRIMZI.equals(document.path("apiVersion").asText())
        ? TYPES.unmarshal(document.toString(), strimzi)
        : TYPES.unmarshal(document.toString());
  }

  /** Paths of the fields that are in the resource but not in its type. */
  static List<String> unknownFields(HasMetadata resource) {
    var found = new ArrayList<String>();
    String where = resource.getKind() + "/" + resource.getMetadata().getName();
    if (resource instanceof GenericKubernetesResource) {
      found.add(where + ": no type for " + resource.getApiVersion() + " " + resource.getKind());
    } else {
      collect(resource, where, found, new IdentityHashMap<>());
    }
    return found;
  }

  private static void collect(
      Object value, String path, List<String> found, IdentityHashMap<Object, Boolean> seen) {
    if (value instanceof Map<?, ?> map) {
      map.forEach((key, item) -> collect(item, path + "." + key, found, seen));
    } else if (value instanceof Collection<?> items) {
      int index = 0;
      for (Object item : items) {
        collect(item, path + "[" + index++ + "]", found, seen);
      }
    } else if (value != null && isModel(value.getClass()) && seen.put(value, true) == null) {
      for (Class<?> type = value.getClass(); isModel(type); type = type.getSuperclass()) {
        for (Field field : type.getDeclaredFields()) {
          collectField(value, field, path, found, seen);
        }
      }
    }
  }

  private static void collectField(
      Object owner,
      Field field,
      String path,
      List<String> found,
      IdentityHashMap<Object, Boolean> seen) {
    if (Modifier.isStatic(field.getModifiers()) || field.getType().isEnum()) {
      return;
    }
    try {
      field.setAccessible(true);
      Object value = field.get(owner);
      if (!field.getName().equals("additionalProperties")) {
        collect(value, path + "." + field.getName(), found, seen);
      } else if (value instanceof Map<?, ?> unknown) {
        unknown.keySet().forEach(key -> found.add(path + "." + key));
      }
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  private static boolean isModel(Class<?> type) {
    return !type.isEnum()
        && (type.getName().startsWith("io.fabric8.") || type.getName().startsWith("io.strimzi."));
  }
}
