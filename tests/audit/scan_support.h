// A checkpoint made of given tensors, and what the scan says of it.
#pragma once

#include <cstdint>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

#include "audit/scan/scan.h"
#include "candor/io.h"
#include "tests/audit/recipes.h"
#include "tests/io/file_builders.h"

namespace candor::testing {

struct StoredTensor {
  std::string name;
  DType dtype = DType::bf16;
  std::vector<std::int64_t> shape;
  std::string bytes;
};

template <class T>
std::string bytes_of(const std::vector<T>& values) {
  return std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T));
}

/// Side by side in this order; `gap` bytes longer header than it must be, to place them at any address.
inline std::string write_safetensors(const TemporaryFolder& folder, const std::vector<StoredTensor>& tensors,
                                     std::size_t gap = 0) {
  std::string header = "{", data;
  for (const StoredTensor& tensor : tensors) {
    std::string shape;
    for (const std::int64_t extent : tensor.shape) shape += (shape.empty() ? "" : ",") + std::to_string(extent);
    header += header.size() > 1 ? "," : "";
    header += "\"" + tensor.name + "\":{\"dtype\":\"" + std::string(dtype_info(tensor.dtype).safetensors);
    header += "\",\"shape\":[" + shape + "],\"data_offsets\":[" + std::to_string(data.size()) + ",";
    data += tensor.bytes;
    header += std::to_string(data.size()) + "]}";
  }
  header += "}";
  header.append((8 - (header.size() + 8) % 8) % 8 + gap, ' ');
  return folder.put("model.safetensors", safetensors_bytes(header, data));
}

inline std::vector<audit_internal::Fingerprint> scan_entries(const Checkpoint& checkpoint,
                                                             const std::vector<TensorEntry>& tensors, int threads) {
  std::vector<const TensorEntry*> entries;
  for (const TensorEntry& entry : tensors) entries.push_back(&entry);
  std::vector<audit_internal::Fingerprint> out;
  audit_internal::ScanOptions options;
  options.threads = threads;
  audit_internal::scan_checkpoint(checkpoint, entries, options,
                                  [&](audit_internal::Fingerprint f) { out.push_back(std::move(f)); });
  return out;
}

inline std::vector<audit_internal::Fingerprint> scan_file(const std::string& path, int threads = 1) {
  const Checkpoint checkpoint = Checkpoint::open(path);
  return scan_entries(checkpoint, checkpoint.tensors(), threads);
}

/// Everything but what names the file and what may differ in the last bits.
inline void expect_same_counts(const audit_internal::Fingerprint& a, const audit_internal::Fingerprint& b) {
  SCOPED_TRACE(a.name);
  EXPECT_EQ(a.dtype, b.dtype);
  EXPECT_EQ(a.shape, b.shape);
  EXPECT_EQ(a.elements, b.elements);
  EXPECT_EQ(a.nbytes, b.nbytes);
  EXPECT_EQ(a.code_dtype, b.code_dtype);
  EXPECT_TRUE(a.codes == b.codes) << a.codes.size() << " codes and " << b.codes.size();
  EXPECT_TRUE(a.significands.counts == b.significands.counts);
  EXPECT_EQ(a.distinct_by_zeros, b.distinct_by_zeros);
  EXPECT_EQ(a.zeros, b.zeros);
  EXPECT_EQ(a.infinities, b.infinities);
  EXPECT_EQ(a.nans, b.nans);
  EXPECT_EQ(a.subnormals, b.subnormals);
  EXPECT_EQ(a.rows, b.rows);
  EXPECT_EQ(a.zero_rows, b.zero_rows);
  ASSERT_EQ(a.witnesses.size(), b.witnesses.size());
  for (std::size_t i = 0; i < a.witnesses.size(); ++i) {
    EXPECT_EQ(a.witnesses[i].kind, b.witnesses[i].kind) << i;
    EXPECT_EQ(a.witnesses[i].index, b.witnesses[i].index) << i;
    EXPECT_EQ(a.witnesses[i].code, b.witnesses[i].code) << i;
  }
}

// Elements of the scan's spans of 8 MiB, which several threads share.
inline constexpr std::size_t kSpan16 = std::size_t{4} << 20, kSpan32 = kSpan16 / 2;

inline StoredTensor stored(const std::vector<std::uint16_t>& codes, std::vector<std::int64_t> shape,
                           DType dtype = DType::bf16) {
  return {"weight", dtype, std::move(shape), bytes_of(codes)};
}
inline StoredTensor stored(const std::vector<float>& values, std::vector<std::int64_t> shape) {
  return {"weight", DType::f32, std::move(shape), bytes_of(values)};
}
template <class T>
std::vector<std::int64_t> flat(const std::vector<T>& values) {
  return {static_cast<std::int64_t>(values.size())};
}

template <class T>
audit_internal::Fingerprint scanned(const std::vector<T>& values, const std::vector<std::int64_t>& shape,
                                    std::size_t gap = 0) {
  const TemporaryFolder folder;
  return scan_file(write_safetensors(folder, {stored(values, shape)}, gap)).at(0);
}

/// As the scan has it: off f16's grid is a class of bf16 values.
inline audit_internal::Fingerprint reference(const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  audit_internal::Fingerprint out = audit_internal::fingerprint_of(values, shape);
  if (out.code_dtype != DType::bf16)
    std::erase_if(out.witnesses, [](const audit_internal::ClassWitness& w) {
      return w.kind == audit_internal::ClassWitness::Kind::off_grid;
    });
  return out;
}

inline void expect_exact(const std::vector<float>& values, const std::vector<std::int64_t>& shape) {
  const audit_internal::Fingerprint found = scanned(values, shape), wanted = reference(values, shape);
  expect_same_counts(found, wanted);
  // n additions of non-negative terms, each off by at most 2^-53 of the sum, in either order.
  EXPECT_NEAR(found.sum_squares, wanted.sum_squares, 0x1p-52 * static_cast<double>(values.size()) * wanted.sum_squares);
}

inline std::vector<std::uint16_t> all_codes() {
  std::vector<std::uint16_t> codes(65536);
  std::iota(codes.begin(), codes.end(), std::uint16_t{0});
  return codes;
}

}  // namespace candor::testing
