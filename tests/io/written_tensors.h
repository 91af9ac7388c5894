// Tensors of every dtype with bytes that a formula gives, and how the tests write and read them. The golden files
// tests/io/golden/written.* hold the same; tests/peer/check_written_files.py reads those with NumPy and PyTorch.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "candor/io.h"
#include "tests/io/file_builders.h"

namespace candor::testing {

struct WrittenTensor {
  TensorItem item;
  std::string bytes;
};

/// Bytes without order; every code of every format is possible, NaN payloads among them. Booleans are 0 and 1.
inline std::string formula_bytes(DType dtype, std::uint64_t count, std::uint64_t seed) {
  std::string bytes;
  for (std::uint64_t j = 0; j < count; ++j)
    bytes += static_cast<char>(dtype == DType::bool_ ? j & 1u : (seed * 37 + j * 101 + (j >> 3) * 7) & 0xffu);
  return bytes;
}

inline WrittenTensor written_tensor(const std::string& name, DType dtype, std::vector<std::int64_t> shape) {
  std::uint64_t elements = 1;
  for (const std::int64_t extent : shape) elements *= static_cast<std::uint64_t>(extent);
  const std::uint64_t bytes = *dtype_bytes(dtype, elements);
  return {{name, dtype, std::move(shape)}, formula_bytes(dtype, bytes, name.size())};
}

/// Of each dtype that NumPy's and PyTorch's files hold: a matrix, a scalar and an empty one.
inline std::vector<WrittenTensor> every_dtype() {
  std::vector<WrittenTensor> tensors;
  for (const DType dtype : {DType::f64, DType::f32, DType::f16, DType::bf16, DType::f8_e4m3, DType::f8_e5m2, DType::i64,
                            DType::i32, DType::i8, DType::u8, DType::bool_, DType::i16, DType::u16, DType::u32,
                            DType::u64, DType::c64, DType::f8_e8m0, DType::f8_e4m3fnuz, DType::f8_e5m2fnuz}) {
    const std::string name(dtype_name(dtype));
    tensors.push_back(written_tensor(name + ".matrix", dtype, {3, 5}));
    tensors.push_back(written_tensor(name + ".scalar", dtype, {}));
    tensors.push_back(written_tensor(name + ".empty", dtype, {0, 4}));
  }
  return tensors;
}

inline WrittenTensor every_bf16_code() {
  WrittenTensor tensor{{"codes", DType::bf16, {256, 256}}, ""};
  for (std::uint32_t code = 0; code < 65536; ++code) tensor.bytes += little_endian(static_cast<std::uint16_t>(code));
  return tensor;
}

inline const std::map<std::string, std::string> kWrittenMetadata = {{"caf\u00e9 \"quoted\"", "line\nline"}, {"k", "v"}};

inline void write_checkpoint(const std::string& path, const std::vector<WrittenTensor>& tensors,
                             bool overwrite = false) {
  std::vector<TensorItem> items;
  std::map<std::string, const std::string*> bytes;
  for (const WrittenTensor& tensor : tensors) {
    items.push_back(tensor.item);
    bytes[tensor.item.name] = &tensor.bytes;
  }
  const auto writer = create_checkpoint(path, std::move(items), kWrittenMetadata, overwrite);
  for (const TensorItem& item : writer->order()) {
    const std::string& all = *bytes.at(item.name);
    const std::size_t cut = all.size() / 3;  // pieces of any size
    writer->write(all.data(), cut);
    writer->write(all.data() + cut, all.size() - cut);
  }
  writer->finish();
}

inline std::string bytes_of(const Checkpoint& checkpoint, const TensorEntry& entry) {
  std::string bytes;
  TensorReader reader(checkpoint, entry);
  for (auto piece = reader.next(1 << 20); !piece.empty(); piece = reader.next(1 << 20))
    bytes.append(reinterpret_cast<const char*>(piece.data()), piece.size());
  return bytes;
}

/// Everything that was written is read back: names, dtypes, shapes and bits.
inline void expect_read_back(const Checkpoint& checkpoint, const std::vector<WrittenTensor>& tensors) {
  EXPECT_EQ(checkpoint.tensors().size(), tensors.size());
  for (const WrittenTensor& tensor : tensors) {
    SCOPED_TRACE(tensor.item.name);
    const TensorEntry* entry = checkpoint.find(tensor.item.name);
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->dtype, tensor.item.dtype);
    EXPECT_EQ(entry->shape, tensor.item.shape);
    EXPECT_TRUE(bytes_of(checkpoint, *entry) == tensor.bytes);
  }
}

}  // namespace candor::testing
