// The dict literal in a NumPy header, read strictly: three keys, once each, and nothing that would need Python.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace candor::io {

struct NpyLiteral {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
  std::uint64_t descr_at = 0;  // its byte in the file
  std::uint64_t shape_at = 0;
};

/// `text`: the literal, its padding and the newline at its end. `offset`: of `text` in the file. errors: FormatError
NpyLiteral parse_npy_literal(std::string_view text, std::uint64_t offset, const std::string& file);

}  // namespace candor::io
