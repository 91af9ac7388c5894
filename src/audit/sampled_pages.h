// Reading a mapped file here and there without mapping all of it.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace candor::audit_internal {

/// Lets go of what scattered reads have mapped before it is much: one value's fault may map a whole huge page, so that
/// a thousand samples map a gigabyte.
class SampledPages {
 public:
  /// Called with what is to be let go, from the first byte of a page on.
  using Release = std::function<void(const std::byte* begin, std::uint64_t bytes)>;

  explicit SampledPages(Release release) : release_(std::move(release)) {}

  /// Before the value at `place` is read; of one that straddles two pages the first counts.
  void touch(const std::byte* place) {
    const std::uintptr_t page = reinterpret_cast<std::uintptr_t>(place) / kPageBytes;
    if (page == last_) return;
    last_ = page;
    note(page);
  }

 private:
  static constexpr std::uintptr_t kPageBytes = std::uintptr_t{2} << 20;  // the most that a fault maps
  static constexpr std::size_t kMostPages = 8;

  void note(std::uintptr_t page) {
    const auto end = pages_.begin() + static_cast<std::ptrdiff_t>(used_);
    if (std::find(pages_.begin(), end, page) != end) return;
    if (used_ == kMostPages) {
      const auto [low, high] = std::minmax_element(pages_.begin(), end);
      release_(reinterpret_cast<const std::byte*>(*low * kPageBytes), (*high - *low + 1) * kPageBytes);
      used_ = 0;
    }
    pages_[used_++] = page;
  }

  Release release_;
  std::array<std::uintptr_t, kMostPages> pages_{};
  std::size_t used_ = 0;
  std::uintptr_t last_ = 0;
};

}  // namespace candor::audit_internal
