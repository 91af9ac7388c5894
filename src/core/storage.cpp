#include "core/storage.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>
#include <tuple>
#include <utility>

#include "candor/error.h"
#include "core/block_cache.h"
#include "core/ledger.h"
#include "core/mapped_files.h"

namespace candor {
namespace {

[[noreturn]] void refuse_open(const std::string& path, const std::string& what, std::string_view remedy) {
  throw IoError("open: " + path + ": " + what + "; " + std::string(remedy));
}

// Closes the descriptor on every way out, unless it was kept; the map stays.
struct File {
  int descriptor;
  // Not blocking: opening a pipe that nobody writes must not wait; it is refused by its kind.
  explicit File(const std::string& path) : descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {
    if (descriptor < 0) refuse_open(path, std::strerror(errno), "check the path and its permissions");
  }
  ~File() {
    if (descriptor >= 0) ::close(descriptor);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  struct stat status(const std::string& path) const {
    struct stat status {};
    if (::fstat(descriptor, &status) != 0) refuse_open(path, std::strerror(errno), "check the disk");
    if (S_ISDIR(status.st_mode)) refuse_open(path, "is a folder", "name a file");
    if (!S_ISREG(status.st_mode)) refuse_open(path, "is not a regular file", "copy what it holds to a file first");
    return status;
  }

  /// The descriptor for as long as the map lives, or -1: a model of thousands of files must not use all that a process
  /// may have, so half of them are left to others.
  int keep() {
    rlimit limit{};
    const bool few = ::getrlimit(RLIMIT_NOFILE, &limit) == 0 && static_cast<rlim_t>(descriptor) < limit.rlim_cur / 2;
    return few ? std::exchange(descriptor, -1) : -1;
  }
};

/// How a file differs from what it was; "" when nobody wrote to it.
std::string change_text(const struct stat& before, const struct stat& now) {
  if (before.st_size != now.st_size)
    return "changed from " + std::to_string(before.st_size) + " to " + std::to_string(now.st_size) + " bytes";
  const bool same_time = before.st_mtim.tv_sec == now.st_mtim.tv_sec && before.st_mtim.tv_nsec == now.st_mtim.tv_nsec;
  return same_time ? "" : "was written to, with " + std::to_string(now.st_size) + " bytes as before,";
}

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
  Mapping(std::string name, const struct stat& status) : path(std::move(name)), opened(status) {}
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;
  ~Mapping() {
    if (descriptor >= 0) ::close(descriptor);
  }

  std::string path;
  struct stat opened;   // what it was before any of it was read
  int descriptor = -1;  // to ask again what it is; negative: its path is asked
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
  File file(path);
  const struct stat opened = file.status(path);
  const std::uint64_t bytes = static_cast<std::uint64_t>(opened.st_size);
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
  storage->mapping_ = std::make_unique<Mapping>(path, opened);
  storage->mapping_->copied = copied;
  if (!copied) storage->mapping_->entry = MappedFileEntry(path, storage->data_, bytes);
  const bool whole = !copied || read_whole(file, path, storage->data_, bytes) == bytes;
  const std::string change = change_text(opened, file.status(path));
  if (!change.empty() || !whole)
    refuse_open(path, (whole ? change : "ended early") + " while it was opened", "wait until it is written");
  if (!copied) storage->mapping_->descriptor = file.keep();
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

void Storage::require_unchanged() const {
  if (kind_ == Kind::region) return file_->require_unchanged();
  if (!mapping_ || mapping_->copied) return;
  const Mapping& m = *mapping_;
  struct stat now {};
  const bool known = (m.descriptor >= 0 ? ::fstat(m.descriptor, &now) : ::stat(m.path.c_str(), &now)) == 0;
  if (!known && m.descriptor < 0 && (errno == ENOENT || errno == ENOTDIR)) return;  // the map is of what had that name
  if (!known) throw IoError("read: " + m.path + ": cannot look at it again: " + std::strerror(errno) + "; try again");
  if (now.st_dev != m.opened.st_dev || now.st_ino != m.opened.st_ino) return;  // so it is
  if (const std::string change = change_text(m.opened, now); !change.empty())
    throw IoError("read: " + m.path + ": " + change + " while it was read; run this again when nothing writes to it");
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
