// Small text files (receipts, bench results) that appear whole or not at all.
#pragma once

#include <string>
#include <string_view>

namespace candor::cli {

/// Construct it before the long work: a path that cannot be written is noticed then, not afterwards.
class TextFile {
 public:
  /// Regular files go through a temporary file beside them; pipes and devices are written in place.
  /// errors   IoError naming `what` ("receipt") and the path
  TextFile(std::string what, std::string path);
  ~TextFile();  // removes the temporary file unless commit() succeeded
  TextFile(const TextFile&) = delete;

  void commit(std::string_view text);  // errors: IoError
  const std::string& path() const { return path_; }

 private:
  [[noreturn]] void fail(const char* action, int error) const;
  std::string what_, path_, temporary_;
  int slot_ = -1;
  int fd_ = -1;
};

/// errors   IoError when a file could not be created at `path`: asked before the long work that will fill it
void require_writable(const std::string& what, const std::string& path);

/// Removes what unfinished TextFiles left. Async-signal-safe.
void remove_temporary_text_files() noexcept;

}  // namespace candor::cli
