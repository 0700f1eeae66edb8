package io.quartet.gateway.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.quartet.v1.Model;
import io.quartet.v1.ModelState;
import java.util.List;

/** Models as {@code /v1/models} tells them. */
final class ModelList {
  private ModelList() {}

  /** Every name that a request can use: a stage's for its newest, and every checkpoint's id. */
  static ObjectNode of(List<Model> models) {
    ArrayNode data = JsonNodeFactory.instance.arrayNode();
    for (Model model : models) {
      model.getAliasesList().forEach(alias -> data.add(one(alias, model)));
      if (model.getState() != ModelState.MODEL_STATE_FAILED) {
        data.add(one(model.getCheckpointId(), model));
      }
    }
    return JsonNodeFactory.instance.objectNode().put("object", "list").set("data", data);
  }

  /**
   * One model.
   *
   * @param name under which it was asked for
   */
  static ObjectNode one(String name, Model model) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("id", name)
        .put("object", "model")
        .put("created", model.getLoaded().getSeconds())
        .put("owned_by", "quartet")
        .put("root", model.getCheckpointId());
  }
}
