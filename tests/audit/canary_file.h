// Canary files damaged by code of the tests' own: values by the C library's arithmetic, files byte by byte.
#pragma once

#include <bit>
#include <cmath>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "candor/canary.h"
#include "tests/io/file_builders.h"

namespace candor::testing {

/// A tensor in a file: codes are the low bytes of each number.
struct Stored {
  std::string dtype;  // as safetensors spells it
  std::vector<std::int64_t> shape;
  std::vector<std::uint64_t> codes;
};
using Tensors = std::map<std::string, Stored>;

inline std::size_t width_of(const std::string& dtype) {
  return dtype == "F64" ? 8 : dtype == "F32" ? 4 : dtype.starts_with("F8") ? 1 : 2;
}

inline Tensors read_tensors(const std::string& path) {
  const std::string data = read_bytes(path);
  std::uint64_t length = 0;
  std::memcpy(&length, data.data(), 8);
  Tensors tensors;
  const nlohmann::json header = nlohmann::json::parse(data.substr(8, length));
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    Stored& t = tensors[name];
    t.dtype = entry["dtype"];
    t.shape = entry["shape"].get<std::vector<std::int64_t>>();
    const std::size_t width = width_of(t.dtype);
    for (std::uint64_t at = entry["data_offsets"][0]; at < entry["data_offsets"][1]; at += width)
      std::memcpy(&t.codes.emplace_back(), data.data() + 8 + length + at, width);
  }
  return tensors;
}

inline void write_tensors(const std::string& path, const Tensors& tensors) {
  nlohmann::ordered_json header;
  std::string data;
  for (const auto& [name, t] : tensors) {
    const std::size_t begin = data.size();
    for (const std::uint64_t code : t.codes) data.append(reinterpret_cast<const char*>(&code), width_of(t.dtype));
    header[name] = {{"dtype", t.dtype}, {"shape", t.shape}, {"data_offsets", {begin, data.size()}}};
  }
  const std::string text = header.dump();
  std::ofstream(path, std::ios::binary) << little_endian<std::uint64_t>(text.size()) << text << data;
}

inline double value_in(const std::string& dtype, std::uint64_t code) {
  if (dtype == "F32") return std::bit_cast<float>(static_cast<std::uint32_t>(code));
  if (dtype == "BF16") return std::bit_cast<float>(static_cast<std::uint32_t>(code << 16));
  return static_cast<double>(std::bit_cast<_Float16>(static_cast<std::uint16_t>(code)));
}

/// Rounding in whole units of the last place: frexp, then one of the C library's functions.
using Round = double (*)(double);
inline double nearest(double x) { return std::nearbyint(x); }  // ties to even in the default mode
inline double cut(double x) { return std::trunc(x); }
inline double away(double x) { return std::round(x); }

struct Grid {
  int bits, smallest;  // significant bits; exponent of the smallest step
  double largest;
};
inline constexpr Grid kBf16{8, -133, 0x1.fep127}, kF16{11, -24, 65504}, kTf32{11, -136, 0x1.ffcp127};
inline constexpr Grid kE4m3{4, -9, 448}, kE5m2{3, -16, 57344}, kSevenBits{7, -132, 0x1.fcp127};

inline double on_grid(const Grid& grid, double x, Round round) {
  if (!std::isfinite(x) || x == 0) return x;
  int exponent = 0;
  std::frexp(x, &exponent);  // |x| in [2^(exponent-1), 2^exponent)
  const int step = std::max(exponent - grid.bits, grid.smallest);
  const double rounded = std::ldexp(round(std::ldexp(x, -step)), step);
  if (std::fabs(rounded) <= grid.largest) return rounded;
  return round == cut ? std::copysign(grid.largest, x) : std::copysign(HUGE_VAL, x);
}

/// The code of a value that the dtype has.
inline std::uint64_t code_in(const std::string& dtype, double x) {
  const auto bits = std::bit_cast<std::uint32_t>(static_cast<float>(x));
  if (dtype == "F64") return std::bit_cast<std::uint64_t>(x);
  if (dtype == "F32") return bits;
  if (dtype == "BF16") return bits >> 16;
  return std::bit_cast<std::uint16_t>(static_cast<_Float16>(x));
}

using Change = std::function<double(double)>;

/// Every value through `change`, into `dtype` ("" keeps each tensor's own) by `round`.
inline Tensors converted(const Tensors& tensors, const std::string& dtype, const Change& change,
                         Round round = nearest) {
  Tensors result;
  for (const auto& [name, t] : tensors) {
    Stored& out = result[name] = {dtype.empty() ? t.dtype : dtype, t.shape, {}};
    for (const std::uint64_t code : t.codes) {
      double x = change(value_in(t.dtype, code));
      if (out.dtype == "BF16") x = on_grid(kBf16, x, round);
      if (out.dtype == "F16") x = on_grid(kF16, x, round);
      out.codes.push_back(code_in(out.dtype, x));
    }
  }
  return result;
}

}  // namespace candor::testing
