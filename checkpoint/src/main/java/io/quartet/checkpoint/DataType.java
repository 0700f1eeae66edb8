package io.quartet.checkpoint;

import java.nio.ByteBuffer;

/** The element types of safetensors; the constants' names are the format's. */
public enum DataType {
  /** IEEE double. */
  F64(8, "float64"),
  /** IEEE single. */
  F32(4, "float32"),
  /** IEEE half. */
  F16(2, "float16"),
  /** The upper half of an IEEE single. */
  BF16(2, "bfloat16"),
  /** Signed, 64 bits. */
  I64(8, "int64"),
  /** Signed, 32 bits. */
  I32(4, "int32"),
  /** Signed, 16 bits. */
  I16(2, "int16"),
  /** Signed, 8 bits. */
  I8(1, "int8"),
  /** Unsigned, 8 bits. */
  U8(1, "uint8"),
  /** One byte, 0 or 1. */
  BOOL(1, "bool");

  private final int bytes;
  private final String torchName;

  DataType(int bytes, String torchName) {
    this.bytes = bytes;
    this.torchName = torchName;
  }

  /** Bytes of one element. */
  public int bytes() {
    return bytes;
  }

  /** The name of {@code config.json}'s {@code torch_dtype}. */
  public String torchName() {
    return torchName;
  }

  /**
   * Elements of this type as floats.
   *
   * @throws QuartetException INVALID_ARGUMENT unless this is F64, F32, F16 or BF16
   */
  float toFloat(ByteBuffer littleEndian, int index) {
    return switch (this) {
      case F64 -> (float) littleEndian.getDouble(index * 8);
      case F32 -> littleEndian.getFloat(index * 4);
      case F16 -> halfToFloat(littleEndian.getShort(index * 2));
      case BF16 -> Float.intBitsToFloat(littleEndian.getShort(index * 2) << 16);
      case I64, I32, I16, I8, U8, BOOL ->
          throw new QuartetException(
              ErrorCode.INVALID_ARGUMENT,
              "elements of type %s, expected F64, F32, F16 or BF16".formatted(name()));
    };
  }

  /** IEEE 754 binary16 to binary32; exact (Java has this built in only from 20 on). */
  private static float halfToFloat(short half) {
    int sign = (half & 0x8000) << 16;
    int exponent = (half >> 10) & 0x1f;
    int fraction = half & 0x3ff;
    if (exponent == 0x1f) { // infinite or NaN
      return Float.intBitsToFloat(sign | 0x7f800000 | fraction << 13);
    }
    if (exponent == 0) { // zero or subnormal: fraction · 2⁻²⁴
      float magnitude = fraction * 0x1p-24f;
      return sign == 0 ? magnitude : -magnitude;
    }
    return Float.intBitsToFloat(sign | (exponent + 112) << 23 | fraction << 13);
  }
}
