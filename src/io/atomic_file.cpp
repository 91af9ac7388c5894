#include "io/atomic_file.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <filesystem>
#include <string_view>

#include "candor/error.h"
#include "io/refuse.h"

namespace candor::io {
namespace {

constexpr std::size_t kBufferBytes = 1u << 20;
constexpr std::string_view kOp = "write";

/// Keeps SIGXFSZ, which a write beyond RLIMIT_FSIZE raises, from ending the process: the error code says it too.
class FileSizeSignalBlock {
 public:
  FileSizeSignalBlock() {
    ::sigemptyset(&signals_);
    ::sigaddset(&signals_, SIGXFSZ);
    ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
  }
  ~FileSizeSignalBlock() {
    if (raised_) {
      const timespec now{};
      ::sigtimedwait(&signals_, nullptr, &now);
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  void raised() { raised_ = true; }

 private:
  sigset_t signals_{}, before_{};
  bool raised_ = false;
};

std::string parent_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

/// Returns what is there, or behind a link that is there.
std::optional<struct stat> check_target(const std::string& path, bool overwrite) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;  // creating the temporary file says what is wrong
    refuse_system(kOp, path, "cannot look at it", errno, "check the path and its permissions");
  }
  if (S_ISDIR(status.st_mode)) refuse_system(kOp, path, "is a folder", 0, "name a file");
  if (!S_ISREG(status.st_mode) && !S_ISLNK(status.st_mode))
    refuse_system(kOp, path, "is not a regular file", 0, "name a regular file; it is replaced as a whole");
  const bool known = !S_ISLNK(status.st_mode) || ::stat(path.c_str(), &status) == 0;
  if (S_ISDIR(status.st_mode)) refuse_system(kOp, path, "is a link to a folder", 0, "name a file");
  if (!overwrite) refuse_existing(kOp, path);
  return known && S_ISREG(status.st_mode) ? std::optional(status) : std::nullopt;
}

/// Those of the old file, but none for a group that is not the one they were for.
unsigned permissions_for_group(const struct stat& old, int descriptor) {
  struct stat status {};
  const bool same = ::fstat(descriptor, &status) == 0 && status.st_gid == old.st_gid;
  return old.st_mode & (same ? kPermissions : kPermissions & ~kGroupPermissions);
}

/// A file system that has no order to flush says EINVAL. Returns 0 or errno.
int flush_folder(int descriptor) { return ::fsync(descriptor) == 0 || errno == EINVAL ? 0 : errno; }

}  // namespace

OpenFolder::OpenFolder(std::string path)
    : path_(std::move(path)), descriptor_(::open(parent_of(path_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  if (descriptor_ < 0)
    refuse_system(kOp, path_, "cannot open its folder " + parent_of(path_) + " to flush it afterwards", errno,
                  "make the folder readable or choose another one; nothing was replaced");
}

OpenFolder::~OpenFolder() { ::close(descriptor_); }

void OpenFolder::flush() const {
  if (const int error = flush_folder(descriptor_); error != 0)
    refuse_placed(kOp, path_, "is in place, whole, but its folder cannot be flushed", error,
                  "the disk may be failing: a power failure could bring back what was there before");
}

AtomicFile::AtomicFile(std::string path, bool overwrite) : path_(std::move(path)), overwrite_(overwrite) {
  if (path_.empty()) refuse_system(kOp, "''", "no file name", 0, "name a file");
  const std::optional<struct stat> old = check_target(path_, overwrite_);
  // Nobody may read it who may not read what it replaces. The owner may until it is whole, for it is read back.
  const mode_t mode = old ? ((old->st_mode & kPermissions & ~kGroupPermissions) | S_IRUSR | S_IWUSR) : 0666;
  const auto create = [&](const char* name) {
    descriptor_ = ::open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, mode);  // O_EXCL: a link there is not followed
    return descriptor_ < 0 ? errno : 0;
  };
  if (const int error = create_temporary(path_, TemporaryPath::Kind::file, create, temporary_); error != 0)
    refuse_system(kOp, path_, "cannot create a file in " + parent_of(path_), error,
                  "create the folder or choose a writable one");
  try {
    folder_.emplace(path_);
  } catch (...) {
    ::close(descriptor_);  // there will be no destructor
    throw;
  }
  if (old) permissions_ = permissions_for_group(*old, descriptor_);
  buffer_.reserve(kBufferBytes);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

void AtomicFile::write(const void* data, std::uint64_t bytes) {
  const std::byte* p = static_cast<const std::byte*>(data);
  while (bytes > 0) {
    const std::size_t room = kBufferBytes - buffer_.size();
    const std::size_t count = static_cast<std::size_t>(std::min<std::uint64_t>(room, bytes));
    buffer_.insert(buffer_.end(), p, p + count);
    p += count;
    bytes -= count;
    if (buffer_.size() == kBufferBytes) flush();
  }
}

void AtomicFile::flush() {
  std::size_t done = 0;
  while (done < buffer_.size()) {
    FileSizeSignalBlock block;
    const ssize_t count = ::write(descriptor_, buffer_.data() + done, buffer_.size() - done);
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EFBIG) block.raised();
    refuse_system(kOp, path_, "cannot write byte " + std::to_string(written_ + done), errno,
                  "free some space or choose another disk; nothing was left behind");
  }
  hash_.add(buffer_.data(), buffer_.size());
  written_ += buffer_.size();
  buffer_.clear();
}

void AtomicFile::throw_if(const std::atomic<bool>* cancel) const {
  if (cancel != nullptr && cancel->load(std::memory_order_relaxed))
    throw Cancelled("write: " + path_ + ": cancelled; the temporary file is removed and nothing was replaced");
}

void AtomicFile::verify(const std::atomic<bool>* cancel) {
  ::posix_fadvise(descriptor_, 0, 0, POSIX_FADV_DONTNEED);  // read what the disk holds, not the cache
  ContentHash found;
  std::uint64_t position = 0;
  buffer_.resize(kBufferBytes);
  for (;;) {
    throw_if(cancel);
    const ssize_t count = ::pread(descriptor_, buffer_.data(), kBufferBytes, static_cast<off_t>(position));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) refuse_system(kOp, path_, "cannot read back what was written", errno, "the disk may be failing");
    if (count == 0) break;
    found.add(buffer_.data(), static_cast<std::size_t>(count));
    position += static_cast<std::uint64_t>(count);
  }
  buffer_.clear();
  if (position != written_ || found.value() != hash_.value()) {
    refuse_system(kOp, path_,
                  "what was read back (" + std::to_string(position) + " bytes) is not what was written (" +
                      std::to_string(written_) + " bytes)",
                  0, "the disk may be failing; nothing was replaced");
  }
}

void AtomicFile::commit(const std::atomic<bool>* cancel, const FileCheck& check) {
  prepare(cancel, check);
  place();
  flush_place();
}

void AtomicFile::prepare(const std::atomic<bool>* cancel, const FileCheck& check) {
  flush();
  if (::fsync(descriptor_) != 0)
    refuse_system(kOp, path_, "cannot flush to disk", errno, "the disk may be full or failing");
  verify(cancel);
  if (check) check(temporary_.path());
  throw_if(cancel);
  set_permissions();
  ::close(descriptor_);
  descriptor_ = -1;
}

/// The umask took away what the replaced file allowed.
void AtomicFile::set_permissions() {
  struct stat status {};
  if (!permissions_ || (::fstat(descriptor_, &status) == 0 && (status.st_mode & kPermissions) == *permissions_)) return;
  if (::fchmod(descriptor_, *permissions_) != 0)
    refuse_system(kOp, path_, "cannot give it the permissions of the file it replaces", errno,
                  "remove that file first; nothing was replaced");
}

void AtomicFile::place() {
  const Placing placing;
  rename_into_place(temporary_.path(), path_, overwrite_);
  placed_ = true;
  temporary_.keep();
}

void AtomicFile::flush_place() const { folder_->flush(); }

void sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) refuse_system(kOp, folder, "cannot open the folder to flush it", errno, "check its permissions");
  const int error = flush_folder(descriptor);
  ::close(descriptor);
  if (error != 0) refuse_system(kOp, folder, "cannot flush the folder", error, "the disk may be failing");
}

void rename_into_place(const std::string& from, const std::string& to, bool overwrite) {
  const auto refuse = [&to](int error) {
    if (error == EEXIST) refuse_existing(kOp, to);
    refuse_system(kOp, to, "cannot rename the finished file", error, "choose another name");
  };
  if (overwrite) {
    if (::rename(from.c_str(), to.c_str()) != 0) refuse(errno);
    return;
  }
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return;
  if (errno != EINVAL && errno != ENOSYS) refuse(errno);
  // A file system without RENAME_NOREPLACE: a hard link fails on an existing name too.
  if (::link(from.c_str(), to.c_str()) != 0) refuse(errno);
  ::unlink(from.c_str());
}

void write_file_atomically(const std::string& path, std::string_view content, bool overwrite) {
  AtomicFile file(path, overwrite);
  file.write(content.data(), content.size());
  file.commit();
}

}  // namespace candor::io
