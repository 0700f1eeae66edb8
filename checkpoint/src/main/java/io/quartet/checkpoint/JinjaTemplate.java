package io.quartet.checkpoint;

import com.hubspot.jinjava.Jinjava;
import com.hubspot.jinjava.JinjavaConfig;
import com.hubspot.jinjava.LegacyOverrides;
import com.hubspot.jinjava.interpret.RenderResult;
import com.hubspot.jinjava.lib.fn.ELFunctionDefinition;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A chat template as Hugging Face models carry it, rendered as transformers does: {@code
 * trim_blocks}, {@code lstrip_blocks}, {@code raise_exception}. There is no {@code strftime_now}: a
 * template that asks for today falls back on its own date, so that a conversation always gives the
 * same text.
 */
final class JinjaTemplate {
  private final Jinjava jinjava;
  private final String source;
  private final Map<String, String> specials;

  /**
   * A template.
   *
   * @param specials what {@code bos_token}, {@code eos_token} and the like stand for
   */
  JinjaTemplate(String source, Map<String, String> specials) {
    // Jinjava has no slices with a step.
    this.source = JinjaWhitespace.settled(source).replace("[::-1]", "|reverse|list");
    this.specials = Map.copyOf(specials);
    this.jinjava =
        new Jinjava(
            JinjavaConfig.newBuilder()
                .withNestedInterpretationEnabled(false)
                .withElResolver(new PythonStrings())
                .withLegacyOverrides(
                    LegacyOverrides.newBuilder()
                        .withUsePyishObjectMapper(true)
                        .withUseNaturalOperatorPrecedence(true)
                        .withAllowAdjacentTextNodes(true)
                        .withKeepNullableLoopValues(true)
                        .build())
                .build());
    jinjava
        .getGlobalContext()
        .registerFunction(
            new ELFunctionDefinition(
                "", "raise_exception", JinjaTemplate.class, "raise", String.class));
  }

  /** What {@code raise_exception} does in a template; public because Jinjava calls it. */
  public static void raise(String message) {
    throw new IllegalArgumentException(message);
  }

  /**
   * The text of a conversation.
   *
   * @param answering whether the assistant's turn begins at the end
   * @throws QuartetException INVALID_ARGUMENT with the template's words if it refuses the
   *     conversation, or with what cannot be rendered in it
   */
  String render(List<Message> messages, boolean answering) {
    Map<String, Object> values = new HashMap<>(specials);
    values.put(
        "messages",
        messages.stream()
            .map(m -> Map.of("role", m.role().label(), "content", m.content()))
            .toList());
    values.put("add_generation_prompt", answering);
    RenderResult result = jinjava.renderForResult(source, values);
    if (result.hasErrors()) {
      var error = result.getErrors().get(0);
      Throwable cause = error.getException();
      while (cause != null && cause.getCause() != null) {
        cause = cause.getCause();
      }
      String reason = cause == null ? error.getMessage() : cause.getMessage();
      throw new QuartetException(
          ErrorCode.INVALID_ARGUMENT,
          "chat template: " + String.valueOf(reason).lines().findFirst().orElse(""));
    }
    return result.getOutput();
  }
}
