#include "cli/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "candor/error.h"

namespace candor::cli {
namespace {

// What a signal handler may read: paths that live as long as their slot is not null.
constexpr int kSlots = 4;
std::atomic<const char*> temporaries[kSlots];

int claim_slot(const char* path) {
  for (int i = 0; i < kSlots; ++i) {
    const char* empty = nullptr;
    if (temporaries[i].compare_exchange_strong(empty, path)) return i;
  }
  return -1;
}

bool exists_and_is_special(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

}  // namespace

TextFile::TextFile(std::string what, std::string path) : what_(std::move(what)), path_(std::move(path)) {
  if (exists_and_is_special(path_)) {
    fd_ = open(path_.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd_ < 0) fail("cannot open", errno);
    return;
  }
  if (std::filesystem::is_directory(path_)) fail("cannot write", EISDIR);
  temporary_ = path_ + ".tmp-" + std::to_string(getpid());
  fd_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd_ < 0) fail("cannot write", errno);
  slot_ = claim_slot(temporary_.c_str());
}

TextFile::~TextFile() {
  if (fd_ >= 0) close(fd_);
  if (slot_ >= 0) temporaries[slot_] = nullptr;
  if (!temporary_.empty()) unlink(temporary_.c_str());
}

void TextFile::commit(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = write(fd_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail("cannot write", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (temporary_.empty()) return;
  if (fsync(fd_) != 0) fail("cannot write", errno);
  const int closed = close(std::exchange(fd_, -1));
  if (closed != 0) fail("cannot write", errno);
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) fail("cannot replace", errno);
  if (slot_ >= 0) temporaries[std::exchange(slot_, -1)] = nullptr;
  temporary_.clear();
}

void TextFile::fail(const char* action, int error) const {
  throw IoError(what_ + ": " + action + " '" + path_ + "': " + std::strerror(error));
}

void require_writable(const std::string& what, const std::string& path) {
  if (exists_and_is_special(path))
    throw IoError(what + ": '" + path + "' is not a regular file; name one, it is replaced as a whole");
  const TextFile probe(what, path);  // its temporary file goes with it
}

void remove_temporary_text_files() noexcept {
  for (auto& slot : temporaries)
    if (const char* path = slot.load()) unlink(path);
}

}  // namespace candor::cli
