#include "audit/diff/compare.h"

#include <cstring>

#include "audit/diff/value_comparer.h"
#include "audit/diff/values.h"

namespace candor::audit_internal::comparison {
namespace {

/// Equal dtypes whose values nobody reads here: their smallest units, as bytes.
class ByteComparer : public Comparer {
 public:
  explicit ByteComparer(DType dtype)
      : dtype_(dtype),
        elements_(static_cast<std::size_t>(dtype_info(dtype).block_elements)),
        bytes_(static_cast<std::size_t>(dtype_info(dtype).block_bytes)) {}

  const std::vector<History>& histories() const override { return histories_; }

  void compare(const std::byte* a, const std::byte* b, std::size_t count, std::uint64_t first,
               Tally& tally) const override {
    const std::size_t units = count / elements_;
    tally.counts.elements += units;
    for (std::size_t i = 0; i < units; ++i) {
      if (std::memcmp(a + i * bytes_, b + i * bytes_, bytes_) == 0) {
        ++tally.counts.kept;
        continue;
      }
      ++tally.counts.changed;
      ChangedElement element;
      element.index = first + i * elements_;
      if (!tally.wants(element.index)) continue;
      element.code_a = element_code(dtype_, a, i * elements_);
      element.code_b = element_code(dtype_, b, i * elements_);
      element.damage = Damage::bytes;
      tally.keep(element);
    }
  }

 private:
  DType dtype_;
  std::size_t elements_, bytes_;
  std::vector<History> histories_;
};

}  // namespace

bool compared_by_value(DType a, DType b) { return number_format(a) && number_format(b); }

std::unique_ptr<Comparer> make_comparer(DType a, DType b) {
  if (compared_by_value(a, b)) {
    if (a == DType::f64 || b == DType::f64) return std::make_unique<ValueComparer<std::uint64_t>>(a, b);
    return std::make_unique<ValueComparer<std::uint32_t>>(a, b);
  }
  if (a == b && dtype_info(a).block_bytes > 0) return std::make_unique<ByteComparer>(a);
  return nullptr;
}

}  // namespace candor::audit_internal::comparison
