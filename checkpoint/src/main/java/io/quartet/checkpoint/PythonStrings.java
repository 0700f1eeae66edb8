package io.quartet.checkpoint;

import com.hubspot.jinjava.el.JinjavaInterpreterResolver;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.function.IntPredicate;
import jinjava.javax.el.ELContext;
import jinjava.javax.el.ELResolver;
import org.jspecify.annotations.Nullable;

/** The methods of Python's {@code str} that chat templates call, for Jinjava's Java strings. */
final class PythonStrings extends ELResolver {
  private final ELResolver usual = JinjavaInterpreterResolver.DEFAULT_RESOLVER_READ_ONLY;

  @Override
  public @Nullable Object invoke(
      ELContext context,
      @Nullable Object base,
      Object method,
      Class<?> @Nullable [] types,
      Object @Nullable [] arguments) {
    if (base instanceof CharSequence && arguments != null) {
      Object result = call(base.toString(), String.valueOf(method), arguments);
      if (result != null) {
        context.setPropertyResolved(true);
        return result;
      }
    }
    return usual.invoke(context, base, method, types, arguments);
  }

  private static @Nullable Object call(String text, String method, Object[] arguments) {
    String first = arguments.length == 0 || arguments[0] == null ? "" : arguments[0].toString();
    return switch (method) {
      case "startswith" -> text.startsWith(first);
      case "endswith" -> text.endsWith(first);
      case "strip" -> strip(text, first, true, true);
      case "lstrip" -> strip(text, first, true, false);
      case "rstrip" -> strip(text, first, false, true);
      case "split" ->
          arguments.length == 0 ? List.of(text.strip().split("\\s+")) : split(text, first);
      case "upper" -> text.toUpperCase(java.util.Locale.ROOT);
      case "lower" -> text.toLowerCase(java.util.Locale.ROOT);
      case "replace" -> arguments.length == 2 ? text.replace(first, arguments[1].toString()) : null;
      default -> null;
    };
  }

  /** Without characters of {@code which} at the ends; white space if that is empty. */
  private static String strip(String text, String which, boolean left, boolean right) {
    IntPredicate dropped = c -> which.isEmpty() ? Spaces.isSpace((char) c) : which.indexOf(c) >= 0;
    int from = 0;
    int to = text.length();
    while (left && from < to && dropped.test(text.charAt(from))) {
      from++;
    }
    while (right && to > from && dropped.test(text.charAt(to - 1))) {
      to--;
    }
    return text.substring(from, to);
  }

  private static List<String> split(String text, String separator) {
    List<String> parts = new ArrayList<>();
    int from = 0;
    for (int at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, from)) {
      parts.add(text.substring(from, at));
      from = at + separator.length();
    }
    parts.add(text.substring(from));
    return parts;
  }

  @Override
  public @Nullable Object getValue(
      ELContext context, @Nullable Object base, @Nullable Object property) {
    // Python counts a negative index from the end.
    if (base instanceof List<?> list && property instanceof Number index && index.intValue() < 0) {
      context.setPropertyResolved(true);
      int at = list.size() + index.intValue();
      return at < 0 ? null : list.get(at);
    }
    return usual.getValue(context, base, property);
  }

  @Override
  public Class<?> getType(ELContext context, @Nullable Object base, @Nullable Object property) {
    return usual.getType(context, base, property);
  }

  @Override
  public void setValue(
      ELContext context, @Nullable Object base, @Nullable Object property, @Nullable Object value) {
    usual.setValue(context, base, property, value);
  }

  @Override
  public boolean isReadOnly(ELContext context, @Nullable Object base, @Nullable Object property) {
    return usual.isReadOnly(context, base, property);
  }

  @Override
  public Class<?> getCommonPropertyType(ELContext context, @Nullable Object base) {
    return usual.getCommonPropertyType(context, base);
  }

  @Override
  @SuppressWarnings("unchecked")
  public Iterator<java.beans.FeatureDescriptor> getFeatureDescriptors(
      ELContext context, @Nullable Object base) {
    return usual.getFeatureDescriptors(context, base);
  }
}
