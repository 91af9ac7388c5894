#include "prove/value/binary_function.h"

namespace candor::prove {

std::string name_of(BinaryKind kind) {
  switch (kind) {
    case BinaryKind::add:
      return "add";
    case BinaryKind::sub:
      return "sub";
    case BinaryKind::mul:
      return "mul";
    case BinaryKind::div:
      return "div";
    case BinaryKind::max:
      return "max";
    case BinaryKind::min:
      return "min";
  }
  return "";
}

bool moves_bits(BinaryKind kind) { return kind == BinaryKind::max || kind == BinaryKind::min; }

double value_of(BinaryKind kind, double x, double z) {
  switch (kind) {
    case BinaryKind::add:
      return x + z;
    case BinaryKind::sub:
      return x - z;
    case BinaryKind::mul:
      return x * z;
    case BinaryKind::div:
      return x / z;
    case BinaryKind::max:
      return x < z ? z : x;
    case BinaryKind::min:
      return z < x ? z : x;
  }
  return x;
}

}  // namespace candor::prove
