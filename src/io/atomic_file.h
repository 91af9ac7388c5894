// A file that appears whole or not at all: written beside its place, flushed, read back, compared, renamed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "candor/io.h"
#include "io/content_hash.h"
#include "io/temporary_files.h"

namespace candor::io {

/// A folder that is opened while nothing in it has changed yet, so that one that cannot be flushed is refused in time.
class OpenFolder {
 public:
  /// The folder in which `path` will be renamed. errors: IoError (naming both)
  explicit OpenFolder(std::string path);
  ~OpenFolder();
  OpenFolder(const OpenFolder&) = delete;
  OpenFolder& operator=(const OpenFolder&) = delete;

  /// After the rename: makes it survive a power failure. errors: PlacedError
  void flush() const;

 private:
  std::string path_;
  int descriptor_;
};

inline constexpr unsigned kPermissions = 0777;  // of owner, group and others
inline constexpr unsigned kGroupPermissions = 0070;

class AtomicFile {
 public:
  /// What it replaces gives it its permissions, but not its owner or group: permissions for another group go.
  /// errors   IoError (exists and not `overwrite`, is a folder, cannot create, the folder cannot be opened to flush
  ///          it), each saying what to do
  AtomicFile(std::string path, bool overwrite);
  ~AtomicFile();  // removes the temporary file unless commit() succeeded
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  /// errors   IoError (disk full, file-size limit, …)
  void write(const void* data, std::uint64_t bytes);
  std::uint64_t written() const { return written_; }

  /// fsync, re-read and compare, `check`, rename, fsync of the folder. errors: IoError, Cancelled (`cancel` became true
  /// before the rename), whatever `check` throws; PlacedError of the last fsync
  void commit(const std::atomic<bool>* cancel = nullptr, const FileCheck& check = nullptr);

  // The same in three steps, for files that belong together: only when all are prepared is the first of them placed.
  // prepare() is all that may fail or be cancelled, but for the rename, which is place(). flush_place() makes that
  // survive a power failure, and its error is a PlacedError; of files in one folder one is enough.
  void prepare(const std::atomic<bool>* cancel = nullptr, const FileCheck& check = nullptr);
  void place();
  void flush_place() const;
  bool placed() const { return placed_; }

 private:
  void flush();
  void verify(const std::atomic<bool>* cancel);
  void set_permissions();
  void throw_if(const std::atomic<bool>* cancel) const;

  std::string path_;
  bool overwrite_;
  std::optional<unsigned> permissions_;  // of the file that is replaced
  TemporaryPath temporary_;
  std::optional<OpenFolder> folder_;
  bool placed_ = false;
  int descriptor_ = -1;
  std::uint64_t written_ = 0;
  ContentHash hash_;
  std::vector<std::byte> buffer_;
};

/// Makes the entries of a folder survive a power failure. errors: IoError
void sync_folder(const std::string& folder);

/// Renames `from` to `to`; without `overwrite` an existing `to` is refused, also when it appears meanwhile.
/// errors   IoError
void rename_into_place(const std::string& from, const std::string& to, bool overwrite);

/// A whole small file at once.
void write_file_atomically(const std::string& path, std::string_view content, bool overwrite);

}  // namespace candor::io
