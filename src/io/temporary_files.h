// Temporary files that exist right now, in a table that a signal handler may walk.
#pragma once

#include <functional>
#include <string>

namespace candor::io {

/// Registers a path for remove_temporary_files() for as long as it lives; the destructor removes what is still there.
class TemporaryPath {
 public:
  enum class Kind { file, folder };  // folders are removed after the files, and only when empty

  TemporaryPath() = default;
  /// The path need not exist yet. errors: IoError (longer than the system allows, too many at once)
  TemporaryPath(std::string path, Kind kind);
  ~TemporaryPath() { remove(); }
  TemporaryPath(TemporaryPath&& other) noexcept { *this = std::move(other); }
  TemporaryPath& operator=(TemporaryPath&& other) noexcept;

  const std::string& path() const { return path_; }
  void keep() noexcept;    // it was renamed: forget it
  void remove() noexcept;  // unlinks and forgets it; a folder only when it is empty: what else is in it is not ours

 private:
  std::string path_;
  Kind kind_ = Kind::file;
  int slot_ = -1;
};

/// While one lives several renames are becoming one change: remove_temporary_files() does nothing then, so that no
/// signal handler ends the process half-way. What stands under it is a few system calls, at the worst a name's small
/// file that is written again, and never a wait. They may be nested. Once a handler removes the files, which it does
/// before it ends the process, the constructor does not return.
class Placing {
 public:
  Placing() noexcept;
  ~Placing();
  Placing(const Placing&) = delete;
  Placing& operator=(const Placing&) = delete;
};

/// "FOLDER/.NAME.PID-TIME-N.tmp" beside `path`: the same file system, so that a rename is atomic. TIME is nanoseconds:
/// what a killed process left is not in the way of a later one that has its number.
std::string temporary_sibling(const std::string& path);

/// Makes something under such a name and registers it as `out`. `create` returns 0 or errno; on EEXIST it is asked
/// again with another name. Returns the last result; `out` is empty unless that is 0.
int create_temporary(const std::string& path, TemporaryPath::Kind kind,
                     const std::function<int(const char* name)>& create, TemporaryPath& out);

}  // namespace candor::io
