// The header of a NumPy array: magic, version, a dict literal of exactly three keys, padding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "candor/dtype.h"

namespace candor::io {

/// A header has at most so many bytes, its magic and length included. NumPy itself writes 128 and refuses 10,000.
inline constexpr std::uint64_t kMostNpyHeader = 65536;

struct NpyHeader {
  DType dtype = DType::any;
  std::string spelling;  // as the header has it, without its byte order: "f4", "V2"
  std::vector<std::int64_t> shape;
  std::vector<std::int64_t> strides;  // in elements; empty: row-major
  std::uint64_t item_bytes = 0;       // of one element
  std::uint64_t nbytes = 0;           // of all
  std::uint64_t header_bytes = 0;     // the data begin here
  bool sized = true;                  // false for objects: a pickle of unknown length follows
};

bool is_npy(const std::byte* data, std::uint64_t size);

/// `data`: the first `available` bytes of the array's `total`; all of them, or kMostNpyHeader. Every claim is checked
/// against `total`. `offset`: of `data` in the file, and `file`: for errors. errors: FormatError
NpyHeader parse_npy(const std::byte* data, std::uint64_t available, std::uint64_t total, std::uint64_t offset,
                    const std::string& file);

/// How a header spells `dtype`, with its byte order; an anonymous "<V2" or "|V1" for 8- and 16-bit formats that NumPy
/// has not, which must be named elsewhere; empty for what no array can hold.
std::string npy_descr(DType dtype);
inline bool npy_names(DType dtype) { return npy_descr(dtype).find('V') == std::string::npos; }

/// The header of a row-major array, padded so that the data start at a multiple of 64.
std::string npy_header_bytes(std::string_view descr, std::span<const std::int64_t> shape);

/// Elements of NumPy's void, integer or unnamed type that are `dtype` in truth. `who` says so, in errors.
/// errors   FormatError (their sizes differ, or the header names another number format)
void read_npy_as(NpyHeader& header, DType dtype, const std::string& who);

/// A number format out of {"dtype": "bf16"}, the file beside NAME.npy; nothing when it is not there.
/// errors   FormatError, IoError
std::optional<DType> npy_sidecar_dtype(const std::string& path);

/// The path of that file.
std::string npy_sidecar(const std::string& path);

}  // namespace candor::io
