#include "core/storage.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>

#include "candor/error.h"
#include "core/block_cache.h"
#include "core/ledger.h"
#include "core/mapped_files.h"

namespace candor {
namespace {

[[noreturn]] void refuse_open(const std::string& path, const std::string& what, std::string_view remedy) {
  throw IoError("open: " + path + ": " + what + "; " + std::string(remedy));
}

// Closes the descriptor on every way out; the map stays.
struct File {
  int descriptor;
  // Not blocking: opening a pipe that nobody writes must not wait; it is refused by its kind.
  explicit File(const std::string& path) : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor < 0) refuse_open(path, std::strerror(errno), "check the path and its permissions");
  }
  ~File() { ::close(descriptor); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  std::uint64_t size(const std::string& path) const {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) refuse_open(path, std::strerror(errno), "check the disk");
    if (S_ISDIR(status.st_mode)) refuse_open(path, "is a folder", "name a file");
    if (!S_ISREG(status.st_mode)) refuse_open(path, "is not a regular file", "copy what it holds to a file first");
    return static_cast<std::uint64_t>(status.st_size);
  }
};

/// Fills `data` from the start of the file; stops where the file ends.
std::uint64_t read_whole(const File& file, const std::string& path, std::byte* data, std::uint64_t bytes) {
  std::uint64_t done = 0;
  while (done < bytes) {
    const ssize_t count = ::pread(file.descriptor, data + done, bytes - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse_open(path, std::string("cannot read: ") + std::strerror(errno), "check the disk");
    if (count == 0) break;
    done += static_cast<std::uint64_t>(count);
  }
  return done;
}

}  // namespace

struct Storage::Mapping {
  std::string path;
  MappedFileEntry entry;
  bool copied = false;  // the file system cannot map: the pages hold a copy that exists only here
  std::mutex mutex;
  std::map<std::tuple<std::uint64_t, std::uint64_t, DType>, std::weak_ptr<Storage>> regions;
};

Storage::Storage(Kind kind, std::byte* data, std::uint64_t bytes, DType dtype)
    : kind_(kind), dtype_(dtype), data_(data), bytes_(bytes) {
  if (kind_ == Kind::owned) ledger::add_owned(dtype_, bytes_);
}

Storage::~Storage() {
  if (kind_ == Kind::owned) {
    ledger::remove_owned(dtype_, bytes_);
    if (data_ != nullptr) memory::give_back(data_, bytes_);
  } else if (kind_ == Kind::region) {
    (file_->mapping_->copied ? ledger::remove_owned : ledger::remove_mapped)(dtype_, bytes_);
  } else if (data_ != nullptr) {
    if (mapping_) mapping_->entry.remove();
    ::munmap(data_, bytes_);
  }
}

std::shared_ptr<Storage> Storage::allocate(std::uint64_t bytes, DType dtype) {
  std::byte* data = bytes > 0 ? memory::take(bytes) : nullptr;
  if (bytes > 0 && data == nullptr) {
    throw OutOfMemory("allocate: the system has no " + std::to_string(bytes) + " bytes for a tensor of " +
                      std::string(dtype_name(dtype)) + "; a narrower dtype or a smaller shape needs less");
  }
  return std::shared_ptr<Storage>(new Storage(Kind::owned, data, bytes, dtype));
}

std::shared_ptr<Storage> Storage::map_file(const std::string& path) {
  const File file(path);
  const std::uint64_t bytes = file.size(path);
  void* data = bytes > 0 ? ::mmap(nullptr, bytes, PROT_READ, MAP_SHARED, file.descriptor, 0) : nullptr;
  const bool copied = data == MAP_FAILED;
  if (copied) {
    const int error = errno;
    data = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (data == MAP_FAILED)
      refuse_open(path, "cannot map " + std::to_string(bytes) + " bytes: " + std::strerror(error),
                  "free some memory or copy the file to another disk");
  }
  std::shared_ptr<Storage> storage(new Storage(Kind::file, static_cast<std::byte*>(data), bytes, DType::any));
  storage->mapping_ = std::make_unique<Mapping>();
  storage->mapping_->path = path;
  storage->mapping_->copied = copied;
  if (!copied) storage->mapping_->entry = MappedFileEntry(path, storage->data_, bytes);
  const bool whole = !copied || read_whole(file, path, storage->data_, bytes) == bytes;
  if (const std::uint64_t now = file.size(path); now != bytes || !whole)
    refuse_open(path,
                "changed from " + std::to_string(bytes) + " to " + std::to_string(now) + " bytes while it was opened",
                "wait until it is written");
  return storage;
}

std::shared_ptr<Storage> Storage::map_region(const std::shared_ptr<Storage>& file, std::uint64_t offset,
                                             std::uint64_t bytes, DType dtype) {
  if (file->kind_ != Kind::file) throw Error("map_region: the storage is no mapped file; pass what map_file returned");
  if (offset > file->bytes_ || bytes > file->bytes_ - offset)
    throw ShapeError("map_region: " + std::to_string(bytes) + " bytes at offset " + std::to_string(offset) + " of " +
                     file->path() + ", which has " + std::to_string(file->bytes_) + " bytes");
  const std::lock_guard lock(file->mapping_->mutex);
  std::weak_ptr<Storage>& known = file->mapping_->regions[{offset, bytes, dtype}];
  if (std::shared_ptr<Storage> region = known.lock()) return region;
  std::shared_ptr<Storage> region(new Storage(Kind::region, file->data_ + offset, bytes, dtype));
  region->file_ = file;
  (file->mapping_->copied ? ledger::add_owned : ledger::add_mapped)(dtype, bytes);
  known = region;
  return region;
}

std::byte* Storage::writable() {
  if (is_mapped())
    throw Error("data: the bytes belong to the mapped file " + path() + ", which is read-only; copy the tensor first");
  return data_;
}

const std::string& Storage::path() const {
  static const std::string& none = *new std::string;
  if (kind_ == Kind::region) return file_->path();
  return mapping_ ? mapping_->path : none;
}

void Storage::release(std::uint64_t offset, std::uint64_t bytes) const {
  const Mapping* mapping = kind_ == Kind::region ? file_->mapping_.get() : mapping_.get();
  if (mapping == nullptr || mapping->copied || offset > bytes_ || bytes > bytes_ - offset) return;
  const std::uintptr_t page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const std::uintptr_t first = reinterpret_cast<std::uintptr_t>(data_) + offset;
  const std::uintptr_t begin = (first + page - 1) / page * page, end = (first + bytes) / page * page;
  if (begin < end) ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
}

}  // namespace candor
