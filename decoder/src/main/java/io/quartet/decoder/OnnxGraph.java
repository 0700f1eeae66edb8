package io.quartet.decoder;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * An ONNX model written node by node, straight into the protobuf wire format of <a
 * href="https://github.com/onnx/onnx/blob/main/onnx/onnx.proto">onnx.proto</a>: IR version 10,
 * opset 21, and ONNX Runtime's fused operators (domain {@code com.microsoft}, version 1).
 *
 * <p>A dimension is a fixed size or, when it is a word, a symbol that a run binds.
 */
final class OnnxGraph {
  /** Element types, with the codes of {@code TensorProto.DataType}. */
  enum ElementType {
    FLOAT(1),
    UINT8(2),
    INT32(6),
    INT64(7);

    private final int code;

    ElementType(int code) {
      this.code = code;
    }
  }

  private static final String FUSED_DOMAIN = "com.microsoft";
  private static final int EXTERNAL = 1; // TensorProto.DataLocation

  private final Message graph = new Message();

  OnnxGraph(String name) {
    graph.text(2, name);
  }

  /** Declares an input; dimensions are numbers or symbols. */
  OnnxGraph input(String name, ElementType type, Object... dimensions) {
    graph.message(11, valueInfo(name, type, dimensions));
    return this;
  }

  /** Declares an output; dimensions are numbers or symbols. */
  OnnxGraph output(String name, ElementType type, Object... dimensions) {
    graph.message(12, valueInfo(name, type, dimensions));
    return this;
  }

  /**
   * Declares a FLOAT weight that lies in a file beside the model.
   *
   * @param location the file's name, within the folder that the session is told
   * @param offset where the weight's little-endian bytes begin
   */
  OnnxGraph weightInFile(String name, String location, long offset, long... shape) {
    long bytes = 4;
    for (long dimension : shape) {
      bytes *= dimension;
    }
    Message tensor = tensorHeader(name, shape);
    tensor.message(13, new Message().text(1, "location").text(2, location));
    tensor.message(13, new Message().text(1, "offset").text(2, Long.toString(offset)));
    tensor.message(13, new Message().text(1, "length").text(2, Long.toString(bytes)));
    graph.message(5, tensor.number(14, EXTERNAL));
    return this;
  }

  /** Declares a weight whose values are handed over when the session is made. */
  OnnxGraph weightInMemory(String name, ElementType type, long... shape) {
    Message tensor = tensorHeader(name, type, shape);
    tensor.message(13, new Message().text(1, "location").text(2, name));
    graph.message(5, tensor.number(14, EXTERNAL));
    return this;
  }

  /** Adds a FLOAT constant with its values inside the model. */
  OnnxGraph constant(String name, float[] values, long... shape) {
    ByteBuffer bytes = ByteBuffer.allocate(4 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(values);
    graph.message(5, tensorHeader(name, shape).bytes(9, bytes.array()));
    return this;
  }

  /** Adds an INT64 constant vector. */
  OnnxGraph constant(String name, long[] values) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * values.length).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asLongBuffer().put(values);
    Message tensor = tensorHeader(name, ElementType.INT64, values.length);
    graph.message(5, tensor.bytes(9, bytes.array()));
    return this;
  }

  /** Adds an operator of the ONNX standard and returns the name of its only output. */
  String standard(String operator, String output, Map<String, ?> attributes, String... inputs) {
    return add("", operator, List.of(output), attributes, inputs);
  }

  /** Adds an operator of ONNX Runtime and returns the name of its first output. */
  String fused(String operator, List<String> outputs, Map<String, ?> attributes, String... inputs) {
    return add(FUSED_DOMAIN, operator, outputs, attributes, inputs);
  }

  /** Returns the bytes of the whole model, ready for a session. */
  byte[] toModel() {
    Message model = new Message();
    model.number(1, 10);
    model.text(2, "quartet");
    model.message(7, graph);
    model.message(8, new Message().text(1, "").number(2, 21));
    model.message(8, new Message().text(1, FUSED_DOMAIN).number(2, 1));
    return model.out.toByteArray();
  }

  private String add(
      String domain,
      String operator,
      List<String> outputs,
      Map<String, ?> attributes,
      String... inputs) {
    Message node = new Message();
    for (String input : inputs) {
      node.text(1, input);
    }
    for (String output : outputs) {
      node.text(2, output);
    }
    node.text(3, outputs.get(0));
    node.text(4, operator);
    attributes.forEach((name, value) -> node.message(5, attribute(name, value)));
    node.text(7, domain);
    graph.message(1, node);
    return outputs.get(0);
  }

  private static Message attribute(String name, Object value) {
    Message attribute = new Message().text(1, name);
    if (value instanceof Float number) {
      return attribute.fixed32(2, Float.floatToRawIntBits(number)).number(20, 1);
    }
    return attribute.number(3, ((Integer) value).longValue()).number(20, 2);
  }

  private static Message tensorHeader(String name, long... shape) {
    return tensorHeader(name, ElementType.FLOAT, shape);
  }

  private static Message tensorHeader(String name, ElementType type, long... shape) {
    Message tensor = new Message();
    for (long dimension : shape) {
      tensor.number(1, dimension);
    }
    return tensor.number(2, type.code).text(8, name);
  }

  private static Message valueInfo(String name, ElementType type, Object... dimensions) {
    Message shape = new Message();
    for (Object dimension : dimensions) {
      Message one = new Message();
      if (dimension instanceof String symbol) {
        one.text(2, symbol);
      } else {
        one.number(1, ((Number) dimension).longValue());
      }
      shape.message(1, one);
    }
    Message tensor = new Message().number(1, type.code).message(2, shape);
    return new Message().text(1, name).message(2, new Message().message(1, tensor));
  }

  /** One protobuf message under construction; every method appends one field. */
  private static final class Message {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Message number(int field, long value) {
      varint((long) field << 3);
      varint(value);
      return this;
    }

    Message fixed32(int field, int bits) {
      varint((long) field << 3 | 5);
      for (int shift = 0; shift < 32; shift += 8) {
        out.write(bits >>> shift);
      }
      return this;
    }

    Message bytes(int field, byte[] bytes) {
      varint((long) field << 3 | 2);
      varint(bytes.length);
      out.writeBytes(bytes);
      return this;
    }

    Message text(int field, String text) {
      return bytes(field, text.getBytes(StandardCharsets.UTF_8));
    }

    Message message(int field, Message message) {
      return bytes(field, message.out.toByteArray());
    }

    private void varint(long value) {
      for (; (value & ~0x7fL) != 0; value >>>= 7) {
        out.write((int) (value & 0x7f | 0x80));
      }
      out.write((int) value);
    }
  }
}
