#include "io/temporary_files.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <sstream>
#include <utility>

#include "candor/io.h"
#include "io/refuse.h"

namespace candor {
namespace io {
namespace {

constexpr std::size_t kLongestPath = 4096;
constexpr int kSlots = 1024;  // a sharded checkpoint keeps one for each of its files
enum State : int { kFree, kFilling, kFile, kFolder };

// A signal handler reads these tables, so they are plain memory that is never freed; a state publishes its path.
std::atomic<int> states[kSlots];
char paths[kSlots][kLongestPath];

// How many outputs are being put in place; kEnding once a handler removes the files: no more of them then.
std::atomic<int> placing{0};
constexpr int kEnding = -1;

static_assert(std::atomic<int>::is_always_lock_free);

int register_path(const std::string& path, TemporaryPath::Kind kind) {
  if (path.size() >= kLongestPath)
    refuse_system("write", path, "the path is too long", ENAMETOOLONG, "choose a shorter one");
  for (int i = 0; i < kSlots; ++i) {
    int expected = kFree;
    if (!states[i].compare_exchange_strong(expected, kFilling)) continue;
    std::memcpy(paths[i], path.c_str(), path.size() + 1);
    states[i].store(kind == TemporaryPath::Kind::file ? kFile : kFolder);
    return i;
  }
  refuse_system("write", path, "more than 1024 files are being written at once", 0, "finish some of them first");
}

}  // namespace

TemporaryPath::TemporaryPath(std::string path, Kind kind)
    : path_(std::move(path)), kind_(kind), slot_(register_path(path_, kind)) {}

TemporaryPath& TemporaryPath::operator=(TemporaryPath&& other) noexcept {
  if (this != &other) {
    remove();
    path_ = std::move(other.path_);
    kind_ = other.kind_;
    slot_ = std::exchange(other.slot_, -1);
  }
  return *this;
}

void TemporaryPath::keep() noexcept {
  if (slot_ >= 0) states[slot_].store(kFree);
  slot_ = -1;
}

void TemporaryPath::remove() noexcept {
  if (slot_ < 0) return;
  // Errors are passed over: already on the way out, nothing better can be done about them.
  kind_ == Kind::file ? ::unlink(path_.c_str()) : ::rmdir(path_.c_str());
  keep();
}

Placing::Placing() noexcept {
  for (int count = placing.load();;) {
    if (count == kEnding) {
      ::pause();  // another thread's handler is about to end the process
      count = placing.load();
    } else if (placing.compare_exchange_weak(count, count + 1)) {
      return;
    }
  }
}

Placing::~Placing() { placing.fetch_sub(1); }

std::string temporary_sibling(const std::string& path) {
  static std::atomic<std::uint64_t> counter{0};
  const auto time = std::chrono::system_clock::now().time_since_epoch();
  std::filesystem::path target(path);
  if (!target.has_filename()) target = target.parent_path();  // "folder/"
  std::ostringstream name;
  name << '.' << target.filename().string().substr(0, 200) << '.' << ::getpid() << '-'
       << std::chrono::nanoseconds(time).count() << '-' << counter.fetch_add(1) << ".tmp";
  return (target.parent_path() / name.str()).string();
}

int create_temporary(const std::string& path, TemporaryPath::Kind kind,
                     const std::function<int(const char* name)>& create, TemporaryPath& out) {
  constexpr int kTries = 16;  // each name is new: more than one collision is nobody's chance
  int error = EEXIST;
  for (int i = 0; i < kTries && error == EEXIST; ++i) {
    TemporaryPath candidate(temporary_sibling(path), kind);
    error = create(candidate.path().c_str());
    if (error == 0)
      out = std::move(candidate);
    else
      candidate.keep();  // it is not ours to remove
  }
  return error;
}

}  // namespace io

bool remove_temporary_files() noexcept {
  int count = 0;
  if (!io::placing.compare_exchange_strong(count, io::kEnding) && count != io::kEnding) return false;
  const int saved = errno;
  for (int i = 0; i < io::kSlots; ++i)
    if (io::states[i].load() == io::kFile) ::unlink(io::paths[i]);
  for (int i = 0; i < io::kSlots; ++i)
    if (io::states[i].load() == io::kFolder) ::rmdir(io::paths[i]);
  errno = saved;
  return true;
}

}  // namespace candor
