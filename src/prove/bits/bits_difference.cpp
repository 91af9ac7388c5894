// Where two results differ, in words.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "prove/bits/same_bits.h"
#include "prove/conversion/stored_elements.h"
#include "prove/rounding.h"

namespace candor::prove {
namespace {

double value_at(const ConstView& view, std::int64_t index) {
  const std::uint64_t code = code_at(view, index);
  return is_floating(view.dtype) ? decode(view.dtype, code) : static_cast<double>(integer_of(view.dtype, code));
}

/// "row 5, column 17: 0.5 and 0.501". Values that print alike are shown as codes: NaNs, zeros, neighbours.
std::string difference_at(const View& result, std::int64_t element, std::uint64_t one, std::uint64_t other) {
  const std::int64_t columns = result.rank > 1 ? result.shape[result.rank - 1] : 1;
  std::string place = "row " + std::to_string(element / columns);
  if (result.rank > 1) place += ", column " + std::to_string(element % columns);
  if (result.layout == Layout::packed_tiles) place = "element " + std::to_string(element) + " in memory";
  char values[2][32], codes[80];
  const bool numbers = !dtype_info(result.dtype).storage_only;
  for (const bool second : {false, true}) {
    View shown = result;
    const std::uint64_t code = second ? other : one;
    shown.data = &code;
    std::snprintf(values[second], sizeof values[0], "%.7g", numbers ? value_at(shown, 0) : 0.0);
  }
  const bool alike = std::strcmp(values[0], values[1]) == 0;
  std::snprintf(codes, sizeof codes, "0x%llx and 0x%llx", static_cast<unsigned long long>(one),
                static_cast<unsigned long long>(other));
  return place + ": " + (alike ? codes : std::string(values[0]) + " and " + values[1]);
}

}  // namespace

std::string first_difference(const std::vector<View>& results, std::span<const std::byte> one,
                             std::span<const std::byte> other) {
  std::size_t begin = 0;  // of the result
  for (std::size_t r = 0; r < results.size() && begin < std::min(one.size(), other.size()); ++r) {
    const std::size_t bytes = bytes_behind(results[r]);
    const auto size = static_cast<std::size_t>(element_bytes(results[r].dtype));
    const auto first = one.subspan(begin, bytes), second = other.subspan(begin, bytes);
    begin += bytes;
    const auto at =
        static_cast<std::size_t>(std::mismatch(first.begin(), first.end(), second.begin()).first - first.begin());
    if (at == bytes) continue;
    const std::string which = results.size() > 1 ? "result " + std::to_string(r + 1) + ", " : "";
    if (is_block(results[r].dtype)) return which + "byte " + std::to_string(at);
    std::uint64_t codes[2] = {0, 0};
    std::memcpy(&codes[0], first.data() + at / size * size, size);
    std::memcpy(&codes[1], second.data() + at / size * size, size);
    return which + difference_at(results[r], static_cast<std::int64_t>(at / size), codes[0], codes[1]);
  }
  return one.size() == other.size() ? "" : "other lengths";
}

}  // namespace candor::prove
