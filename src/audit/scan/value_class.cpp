#include "audit/scan/value_class.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "audit/code_value.h"
#include "audit/load.h"
#include "audit/number_format.h"
#include "core/formats.h"

namespace candor::audit_internal {
namespace {

using Kind = ClassWitness::Kind;
using ClassTable = std::array<ClassMask, 65536>;

constexpr double kLargestF16 = 65504;

ClassTable make_table(DType dtype) {
  ClassTable table{};
  const std::uint32_t codes = dtype == DType::bf16 || dtype == DType::f16 ? 65536 : 256;
  for (std::uint32_t code = 0; code < codes; ++code) {
    const unsigned classes = classes_of(code_value(dtype, code), smallest_normal(dtype));
    table[code] = static_cast<ClassMask>(classes | width_class(dtype, code));
  }
  return table;
}

/// Made when a tensor of the dtype is met.
template <DType kType>
const ClassTable* table_of() {
  static const ClassTable table = make_table(kType);
  return &table;
}

constexpr Widths widths(const NumberFormat& container, const NumberFormat& narrow) {
  return {container.mantissa, narrow.mantissa};
}

/// Collects until every wanted kind is full. One narrow value among wide ones is chance, and so are two in a row: three
/// are taken, all of them, whatever is neither narrow nor wide between them.
class Collector {
 public:
  explicit Collector(ClassMask wanted) : open_(wanted) {}
  bool done() const { return open_ == 0; }
  void add(ClassMask classes, std::uint64_t index, std::uint64_t code) {
    if ((open_ & kNarrow) != 0 && (classes & (kNarrow | kWide)) != 0) add_to_row((classes & kNarrow) != 0, index, code);
    for (unsigned rest = classes & open_ & ~kNarrow; rest != 0; rest &= rest - 1)
      take_one({static_cast<Kind>(std::countr_zero(rest)), index, code});
  }
  std::vector<ClassWitness> take() { return std::move(found_); }

 private:
  static constexpr unsigned kNarrow = class_bit(Kind::narrow), kWide = class_bit(Kind::wide);
  static constexpr std::size_t kRow = 3;

  void add_to_row(bool narrow, std::uint64_t index, std::uint64_t code) {
    if (!narrow) {
      in_row_ = 0;
      return;
    }
    if (in_row_ < kRow) row_[in_row_] = {Kind::narrow, index, code};
    if (++in_row_ == kRow)
      std::for_each(row_.begin(), row_.end(), [this](const ClassWitness& w) { take_one(w); });
    else if (in_row_ > kRow)
      take_one({Kind::narrow, index, code});
  }
  void take_one(const ClassWitness& witness) {
    const auto kind = static_cast<std::size_t>(witness.kind);
    if (counts_[kind] == kWitnessesPerKind) return;
    found_.push_back(witness);
    if (++counts_[kind] == kWitnessesPerKind) open_ = static_cast<ClassMask>(open_ & ~(1u << kind));
  }

  ClassMask open_;
  std::array<ClassWitness, kRow> row_;
  std::size_t in_row_ = 0;
  std::array<std::size_t, kWitnessKinds> counts_{};
  std::vector<ClassWitness> found_;
};

template <class Bits, class Classes>
void collect(Collector& out, const std::byte* data, std::uint64_t elements, std::uint64_t first, Classes classes) {
  for (std::uint64_t i = 0; i < elements && !out.done(); ++i) {
    const Bits bits = load<Bits>(data + i * sizeof(Bits));
    out.add(static_cast<ClassMask>(classes(bits)), first + i, bits);
  }
}

}  // namespace

ClassMask classes_of(double value, double smallest) {
  const double magnitude = std::fabs(value);
  if (std::isnan(value)) return class_bit(Kind::nan);
  if (std::isinf(value)) return class_bit(Kind::infinity);
  unsigned classes = magnitude > kLargestF16 ? class_bit(Kind::above_f16) : 0;
  if (magnitude == 65536) classes |= class_bit(Kind::at_65536);
  if (magnitude > 0 && magnitude < smallest) classes |= class_bit(Kind::subnormal);
  if (magnitude > 0 && magnitude < kGridEnd)
    classes |= class_bit(is_off_f16_lattice(magnitude) ? Kind::off_grid : Kind::on_grid);
  return static_cast<ClassMask>(classes);
}

Widths widths_of(DType dtype) {
  switch (dtype) {
    case DType::f64:
      return widths(kF64Format, kF32Format);
    case DType::f32:
      return widths(kF32Format, kTf32Format);
    case DType::f16:
      return widths(kF16Format, kBf16Format);
    case DType::bf16:
      return widths(kBf16Format, kE4m3Format);
    default:
      return {};
  }
}

ClassMask width_class(DType dtype, std::uint64_t bits) {
  const Widths widths = widths_of(dtype);
  if (widths.all == 0) return 0;
  const int exponent_bits = static_cast<int>(dtype_info(dtype).block_bytes) * 8 - 1 - widths.all;
  const std::uint64_t special = (std::uint64_t{1} << exponent_bits) - 1;
  const std::uint64_t hidden = std::uint64_t{1} << widths.all, exponent = bits >> widths.all & special;
  const std::uint64_t significand = (bits & (hidden - 1)) | (exponent == 0 ? 0 : hidden);
  if (exponent == special || significand == 0) return 0;
  const int length = static_cast<int>(std::bit_width(significand)) - std::countr_zero(significand);
  if (length == 1) return 0;
  return class_bit(length <= widths.narrow + 1 ? Kind::narrow : Kind::wide);
}

const std::array<ClassMask, 65536>* code_classes(DType dtype) {
  switch (dtype) {
    case DType::bf16:
      return table_of<DType::bf16>();
    case DType::f16:
      return table_of<DType::f16>();
    case DType::f8_e4m3:
      return table_of<DType::f8_e4m3>();
    case DType::f8_e5m2:
      return table_of<DType::f8_e5m2>();
    default:
      return nullptr;
  }
}

std::vector<ClassWitness> find_witnesses(DType dtype, const std::byte* data, std::uint64_t elements,
                                         std::uint64_t first, ClassMask wanted) {
  Collector out(wanted);
  if (dtype == DType::f64) {
    const double smallest = smallest_normal(dtype);
    collect<std::uint64_t>(out, data, elements, first, [&](std::uint64_t bits) {
      return classes_of(f64_from_bits(bits), smallest) | width_class(DType::f64, bits);
    });
  } else if (dtype == DType::f32) {
    const double smallest = smallest_normal(dtype);
    collect<std::uint32_t>(out, data, elements, first, [&](std::uint32_t bits) {
      return classes_of(f32_to_f64(f32_from_bits(bits)), smallest) | width_class(DType::f32, bits);
    });
  } else if (const ClassTable* table = code_classes(dtype)) {
    const auto look_up = [&](std::uint32_t code) { return (*table)[code]; };
    if (dtype == DType::bf16 || dtype == DType::f16)
      collect<std::uint16_t>(out, data, elements, first, look_up);
    else
      collect<std::uint8_t>(out, data, elements, first, look_up);
  }
  return out.take();
}

}  // namespace candor::audit_internal
