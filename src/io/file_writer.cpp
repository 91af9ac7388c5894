#include "candor/io.h"
#include "io/atomic_file.h"

namespace candor {

struct FileWriter::Impl {
  io::AtomicFile file;
};

FileWriter::FileWriter(const std::string& path, bool overwrite) : impl_(new Impl{io::AtomicFile(path, overwrite)}) {}

FileWriter::~FileWriter() = default;

void FileWriter::write(const void* data, std::uint64_t bytes) { impl_->file.write(data, bytes); }

void FileWriter::finish(const std::atomic<bool>* cancel) { impl_->file.commit(cancel); }

}  // namespace candor
