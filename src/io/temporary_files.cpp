#include "io/temporary_files.h"

#include <unistd.h>

#include <atomic>
#include <cerrno>
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
constexpr int kSlots = 128;
enum State : int { kFree, kFilling, kFile, kFolder };

// A signal handler reads this table, so it is plain memory that is never freed; `state` publishes `path`.
struct Slot {
  std::atomic<int> state{kFree};
  char path[kLongestPath];
};
Slot slots[kSlots];
static_assert(std::atomic<int>::is_always_lock_free);

int register_path(const std::string& path, TemporaryPath::Kind kind) {
  if (path.size() >= kLongestPath)
    refuse_system("write", path, "the path is too long", ENAMETOOLONG, "choose a shorter one");
  for (int i = 0; i < kSlots; ++i) {
    int expected = kFree;
    if (!slots[i].state.compare_exchange_strong(expected, kFilling)) continue;
    std::memcpy(slots[i].path, path.c_str(), path.size() + 1);
    slots[i].state.store(kind == TemporaryPath::Kind::file ? kFile : kFolder);
    return i;
  }
  refuse_system("write", path, "more than 128 files are being written at once", 0, "finish some of them first");
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
  if (slot_ >= 0) slots[slot_].state.store(kFree);
  slot_ = -1;
}

void TemporaryPath::remove() noexcept {
  if (slot_ < 0) return;
  if (kind_ == Kind::file) {
    ::unlink(path_.c_str());
  } else {
    std::error_code ignored;  // already on the way out: nothing better can be done about it
    std::filesystem::remove_all(path_, ignored);
  }
  keep();
}

std::string temporary_sibling(const std::string& path) {
  static std::atomic<std::uint64_t> counter{0};
  std::filesystem::path target(path);
  if (!target.has_filename()) target = target.parent_path();  // "folder/"
  std::ostringstream name;
  name << '.' << target.filename().string().substr(0, 200) << '.' << ::getpid() << '-' << counter.fetch_add(1)
       << ".tmp";
  return (target.parent_path() / name.str()).string();
}

}  // namespace io

void remove_temporary_files() noexcept {
  const int saved = errno;
  for (io::Slot& slot : io::slots)
    if (slot.state.load() == io::kFile) ::unlink(slot.path);
  for (io::Slot& slot : io::slots)
    if (slot.state.load() == io::kFolder) ::rmdir(slot.path);
  errno = saved;
}

}  // namespace candor
