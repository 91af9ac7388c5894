#include "audit/canary/found.h"

#include <algorithm>
#include <cstring>
#include <unordered_set>

#include "audit/canary/compare.h"
#include "audit/canary/conversion.h"
#include "candor/error.h"
#include "core/formats.h"
#include "io/checked.h"

namespace candor::audit_internal {
namespace {

bool is_compared(DType dtype) {
  return (number_format(dtype) && !is_block(dtype)) || dtype_info(dtype).kind == DTypeKind::integer;
}

/// Elements in row-major order, whatever the strides are.
std::vector<std::uint64_t> bits_of(const Tensor& tensor) {
  const std::size_t width = static_cast<std::size_t>(element_bytes(tensor.dtype()));
  const auto* base = static_cast<const std::byte*>(tensor.data());
  std::vector<std::uint64_t> bits(static_cast<std::size_t>(tensor.elements()));
  for (std::size_t i = 0; i < bits.size(); ++i) {
    std::int64_t rest = static_cast<std::int64_t>(i), place = 0;
    for (int axis = tensor.shape().rank() - 1; axis >= 0; --axis) {
      place += rest % tensor.shape()[axis] * tensor.strides()[static_cast<std::size_t>(axis)];
      rest /= tensor.shape()[axis];
    }
    std::memcpy(&bits[i], base + static_cast<std::size_t>(place) * width,
                width);  // little-endian, as x86 is
  }
  return bits;
}

std::uint64_t elements_of(const TensorEntry& entry) { return io::checked_elements(entry.shape).value_or(0); }

/// Two bytes an element under a label that is not known, as NumPy's V2: their bits.
std::vector<std::uint64_t> unlabelled_bits(const Checkpoint& checkpoint, const TensorEntry& entry) {
  std::vector<std::uint64_t> bits(elements_of(entry));
  const std::byte* bytes = checkpoint.bytes(entry);
  for (std::size_t i = 0; i < bits.size(); ++i) std::memcpy(&bits[i], bytes + 2 * i, 2);
  return bits;
}

FoundTensor read(const Checkpoint& checkpoint, const TensorEntry& entry) {
  FoundTensor found;
  found.name = entry.name;
  found.spelling = checkpoint.type_name(entry);
  found.shape = entry.shape;
  found.file_dtype = found.dtype = entry.dtype;
  if (entry.dtype == DType::any) {
    if (entry.compressed || !entry.strides.empty() || entry.nbytes != 2 * elements_of(entry)) return found;
    found.dtype = DType::u16;
    found.bits = unlabelled_bits(checkpoint, entry);
    return found;
  }
  if (entry.shape.size() > static_cast<std::size_t>(kMaxRank)) return found;
  if (is_block(entry.dtype)) {
    if (dtype_info(entry.dtype).storage_only) return found;
    found.dtype = DType::f32;
    for (const float value : checkpoint.tensor(entry.name).to_f32()) found.bits.push_back(f32_bits(value));
  } else if (is_compared(entry.dtype)) {
    found.bits = bits_of(checkpoint.tensor(entry.name));
  }
  return found;
}

/// A name of the file that stands for the canary's: the same, or with something before or after it.
bool names(const TensorEntry& entry, const CanaryValues& canary, bool exactly) {
  if (exactly) return entry.name == canary.name;
  return entry.name.find(canary.name.substr(canary.name.find('.') + 1)) != std::string::npos;
}

/// Up to this share of exceptions under the best conversion an unnamed tensor of the right size is taken for a canary.
/// One that is none agrees in next to no element, but where all values are near 1 and the conversion is coarse.
constexpr double kLikeness = 0.1;
constexpr std::size_t kSmallestLikeness = 16;  // fewer values say too little

class Search {
 public:
  Search(const Checkpoint& checkpoint, const std::atomic<bool>* cancel) : checkpoint_(checkpoint), cancel_(cancel) {}

  bool by_name(FoundCanary& found, bool exactly) {
    for (const TensorEntry& entry : checkpoint_.tensors())
      if (fits(entry, *found.canary) && names(entry, *found.canary, exactly)) return take(found, entry);
    return false;
  }
  void by_content(FoundCanary& found) {
    if (found.canary->bits.size() < kSmallestLikeness) return;
    double least = kLikeness * static_cast<double>(found.canary->bits.size());
    const TensorEntry* likest = nullptr;
    for (const TensorEntry& entry : checkpoint_.tensors()) {
      if (!fits(entry, *found.canary)) continue;
      if (cancel_ != nullptr && *cancel_) throw Cancelled("check: cancelled");
      FoundCanary candidate{found.canary, read(checkpoint_, entry), ElementOrder::as_written, {}};
      compare(candidate);
      if (!candidate.compared()) continue;
      const auto exceptions =
          static_cast<double>(*std::min_element(candidate.exceptions.begin(), candidate.exceptions.end()));
      if (exceptions > least || (likest != nullptr && exceptions == least)) continue;
      least = exceptions;
      likest = &entry;
      found = std::move(candidate);
    }
    if (likest != nullptr) taken_.insert(likest);
  }

 private:
  bool fits(const TensorEntry& entry, const CanaryValues& canary) const {
    return !taken_.contains(&entry) && elements_of(entry) == canary.bits.size();
  }
  bool take(FoundCanary& found, const TensorEntry& entry) {
    taken_.insert(&entry);
    found.tensor = read(checkpoint_, entry);
    compare(found);
    return true;
  }
  const Checkpoint& checkpoint_;
  const std::atomic<bool>* cancel_;
  std::unordered_set<const TensorEntry*> taken_;
};

}  // namespace

std::vector<FoundCanary> find_canaries(const Checkpoint& checkpoint, const std::atomic<bool>* cancel) {
  std::vector<FoundCanary> all;
  for (const CanaryValues& canary : canary_values()) all.emplace_back().canary = &canary;
  Search search(checkpoint, cancel);
  for (const bool exactly : {true, false})
    for (FoundCanary& found : all)
      if (found.missing()) search.by_name(found, exactly);
  for (FoundCanary& found : all)
    if (found.missing()) search.by_content(found);
  return all;
}

std::size_t place_of(const FoundCanary& found, std::size_t index) {
  if (found.order == ElementOrder::as_written) return index;
  const auto rows = static_cast<std::size_t>(found.canary->shape[0]);
  const auto columns = static_cast<std::size_t>(found.canary->shape[1]);
  return index % columns * rows + index / columns;
}

}  // namespace candor::audit_internal
