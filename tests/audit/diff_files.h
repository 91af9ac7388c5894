// Safetensors files for the tests of candor diff.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "candor/diff.h"
#include "candor/io.h"
#include "tests/audit/recipes.h"
#include "tests/io/file_builders.h"

namespace candor::audit_internal::comparison {

struct FileTensor {
  std::string name, dtype;  // "BF16"
  std::vector<std::int64_t> shape;
  std::string bytes;
};

template <class Value>
std::string raw(const std::vector<Value>& values) {
  std::string bytes(values.size() * sizeof(Value), '\0');
  if (!values.empty()) std::memcpy(bytes.data(), values.data(), bytes.size());
  return bytes;
}

inline std::string file_of(const std::vector<FileTensor>& tensors) {
  std::string header = "{", data;
  for (const FileTensor& tensor : tensors) {
    header.append(header.size() > 1 ? "," : "").append("\"").append(tensor.name).append("\":{\"dtype\":\"");
    header.append(tensor.dtype).append("\",\"shape\":[");
    for (std::size_t d = 0; d < tensor.shape.size(); ++d)
      header.append(d ? "," : "").append(std::to_string(tensor.shape[d]));
    header.append("],\"data_offsets\":[").append(std::to_string(data.size())).append(",");
    data += tensor.bytes;
    header.append(std::to_string(data.size())).append("]}");
  }
  return testing::safetensors_bytes(header + "}", data);
}

/// One-dimensional, named "w".
template <class Value>
FileTensor vector_of(const std::string& dtype, const std::vector<Value>& values, const std::string& name = "w") {
  return {name, dtype, {static_cast<std::int64_t>(values.size())}, raw(values)};
}

/// Genuine bf16.
inline std::vector<std::uint16_t> bf16_weights(std::size_t count, std::uint64_t seed = 1) {
  return to_bf16(draw(Law::normal, 0.02, count, seed), Route::rne);
}
inline FileTensor matrix(const std::string& name, std::int64_t rows, std::int64_t columns, std::uint64_t seed) {
  return {name, "BF16", {rows, columns}, raw(bf16_weights(static_cast<std::size_t>(rows * columns), seed))};
}
class DiffFiles : public ::testing::Test {
 protected:
  DiffReport compare(const std::vector<FileTensor>& a, const std::vector<FileTensor>& b,
                     const DiffOptions& options = {}) {
    return diff(folder_.put("a.safetensors", file_of(a)), folder_.put("b.safetensors", file_of(b)), options);
  }
  /// Of files with one tensor each.
  TensorDiff compare_one(const FileTensor& a, const FileTensor& b) {
    DiffReport report = compare({a}, {b});
    EXPECT_EQ(report.tensors.size(), 1u);
    return report.tensors.at(0);
  }

  testing::TemporaryFolder folder_;
};

inline const TensorDiff& tensor_named(const DiffReport& report, const std::string& name) {
  for (const TensorDiff& tensor : report.tensors)
    if (tensor.name_a == name || tensor.name_b == name) return tensor;
  throw std::out_of_range(name);
}

inline const DiffHistory& history_of(const TensorDiff& tensor, const std::string& name) {
  for (const DiffHistory& history : tensor.histories)
    if (history.name == name) return history;
  ADD_FAILURE() << "no history " << name;
  static const DiffHistory none;
  return none;
}

}  // namespace candor::audit_internal::comparison
