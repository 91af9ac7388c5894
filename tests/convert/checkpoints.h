// Small checkpoints for conversion tests.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "candor/convert.h"
#include "candor/io.h"
#include "core/formats.h"
#include "tests/io/file_builders.h"

namespace candor::testing {

struct NamedBytes {
  std::string name;
  DType dtype;
  std::vector<std::int64_t> shape;
  std::string bytes;
};

template <class T>
std::string raw(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

inline NamedBytes f32_tensor(const std::string& name, const std::vector<float>& values) {
  return {name, DType::f32, {static_cast<std::int64_t>(values.size())}, raw(values)};
}

inline std::string write_safetensors(const std::string& path, const std::vector<NamedBytes>& tensors) {
  std::vector<SafetensorsWriter::Item> items;
  for (const NamedBytes& tensor : tensors) items.push_back({tensor.name, tensor.dtype, tensor.shape});
  SafetensorsWriter writer(path, std::move(items), {{"format", "pt"}}, true);
  for (const SafetensorsWriter::Item& item : writer.order())
    for (const NamedBytes& tensor : tensors)
      if (tensor.name == item.name) writer.write(tensor.bytes.data(), tensor.bytes.size());
  writer.finish();
  return path;
}

inline std::string bytes_of(const Checkpoint& checkpoint, const std::string& name) {
  const TensorEntry* entry = checkpoint.find(name);
  if (entry == nullptr) return "(no tensor " + name + ")";
  return {reinterpret_cast<const char*>(checkpoint.bytes(*entry)), static_cast<std::size_t>(entry->nbytes)};
}

inline ConvertOptions to(DType dtype) {
  ConvertOptions options;
  options.dtype = dtype;
  return options;
}

inline std::string golden(const std::string& name) {
  return std::string(CANDOR_SOURCE_DIR) + "/tests/convert/golden/" + name;
}

}  // namespace candor::testing
