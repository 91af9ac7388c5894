#include <cstdint>
#include <optional>

#include "candor/error.h"
#include "candor/io.h"
#include "io/atomic_file.h"
#include "io/checked.h"
#include "io/npy_header.h"

namespace candor {

struct NpyWriter::Impl {
  std::string path;
  std::uint64_t expected = 0, written = 0;  // elements
  std::optional<io::AtomicFile> file;
};

NpyWriter::NpyWriter(const std::string& path, std::int64_t rows, std::int64_t columns, bool overwrite)
    : impl_(std::make_unique<Impl>()) {
  const std::int64_t shape[] = {rows, columns};
  const std::optional<std::uint64_t> elements = io::checked_elements(shape);
  if (!elements)
    throw ShapeError("npy: " + path + ": shape [" + std::to_string(rows) + ", " + std::to_string(columns) +
                     "] is negative or has more than 2^63-1 elements");
  impl_->path = path;
  impl_->expected = *elements;
  const std::string header = io::npy_header_bytes(io::npy_descr(DType::f32), shape);
  impl_->file.emplace(path, overwrite);
  impl_->file->write(header.data(), header.size());
}

NpyWriter::~NpyWriter() = default;

void NpyWriter::write(const float* values, std::int64_t count) {
  if (count < 0 || !impl_->file || static_cast<std::uint64_t>(count) > impl_->expected - impl_->written)
    throw Error("npy: " + impl_->path + ": " + std::to_string(count) + " values after " +
                std::to_string(impl_->written) + " of " + std::to_string(impl_->expected) +
                "; write as many as the shape has");
  impl_->file->write(values, static_cast<std::uint64_t>(count) * sizeof(float));
  impl_->written += static_cast<std::uint64_t>(count);
}

void NpyWriter::finish(const std::atomic<bool>* cancel) {
  if (!impl_->file) throw Error("npy: " + impl_->path + ": finish() was already called");
  if (impl_->written != impl_->expected)
    throw Error("npy: " + impl_->path + ": " + std::to_string(impl_->written) + " of " +
                std::to_string(impl_->expected) + " values were written; write as many as the shape has");
  impl_->file->commit(cancel);
  impl_->file.reset();
}

}  // namespace candor
