// IEEE 754 binary16 to float and back in integer arithmetic: for machines without instructions for it.
#ifndef GRIDGRAD_HALF_H
#define GRIDGRAD_HALF_H

// Exact: every binary16 value is a float. The subtraction rebuilds subnormals without ever
// touching a subnormal float, so flush-to-zero modes cannot change it.
GG_INLINE float float_of_half(uint16 half) {
  const uint32 magnitude = static_cast<uint32>(half & 0x7fffu) << 13;
  const uint32 exponent = magnitude & 0x0f800000u;
  const float normal = float_of_bits(magnitude + 0x38000000u);
  const float subnormal = float_of_bits(magnitude + 0x38800000u) - float_of_bits(0x38800000u);
  const float special = float_of_bits(magnitude | 0x7f800000u);
  const float positive = exponent == 0 ? subnormal : exponent == 0x0f800000u ? special : normal;
  const uint32 sign = static_cast<uint32>(half & 0x8000u) << 16;
  return float_of_bits(bits_of_float(positive) | sign);
}

// Round to nearest, ties to even; overflow to infinity; NaN stays NaN.
GG_INLINE uint16 half_of_float(float value) {
  const uint32 all = bits_of_float(value);
  const uint32 sign = all & 0x80000000u;
  const uint32 magnitude = all ^ sign;
  const uint32 special = magnitude > 0x7f800000u ? 0x7e00u : 0x7c00u;
  const uint32 subnormal = bits_of_float(float_of_bits(magnitude) + 0.5f) - 0x3f000000u;
  const uint32 normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  const uint32 rounded = magnitude >= 0x47800000u ? special : magnitude < 0x38800000u ? subnormal : normal;
  return static_cast<uint16>(rounded | (sign >> 16));
}

#endif
