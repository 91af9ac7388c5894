// Small text files (receipts, bench results) that appear whole or not at all.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "candor/error.h"
#include "candor/io.h"
#include "cli/terminal.h"
#include "cli/text_sink.h"

namespace candor::cli {

/// Construct it before the long work: a path that cannot be written is noticed then, not afterwards.
class TextFile {
 public:
  /// Regular files go through a temporary file beside them; pipes and devices are written in place.
  /// errors   IoError naming `what` ("receipt") and the path
  TextFile(std::string what, std::string path);
  ~TextFile();  // a temporary file goes with it unless commit() succeeded
  TextFile(const TextFile&) = delete;

  void write(std::string_view part);   // errors: IoError, Cancelled
  void commit();                       // errors: IoError, Cancelled (a signal came before it took its place)
  void commit_in_spite_of_signals();   // errors: IoError
  void commit(std::string_view text);  // the whole text at once
  const std::string& path() const { return path_; }
  /// A pipe or a device, whose reader has what is written at once.
  bool in_place() const { return !writer_; }

 private:
  void finish(const std::atomic<bool>* cancel);
  [[noreturn]] void fail(const char* action, int error) const;
  [[noreturn]] void fail(const IoError& error) const;
  std::string named(const IoError& error) const;
  std::string what_, path_;
  std::optional<FileWriter> writer_;  // of a regular file
  int fd_ = -1;                       // of anything else
};

/// A document that was asked for or not: a TextFile, or standard output for "-".
class TextOutput {
 public:
  TextOutput(const char* option, const std::string& path) : wanted_(!path.empty()) {
    if (wanted_ && path != "-") file_ = std::make_unique<TextFile>(option, path);
  }
  bool to_stdout() const { return wanted_ && file_ == nullptr; }
  /// `text()` makes the document, which is work that nobody may have asked for.
  template <class Text>
  void write(Text&& text) const {
    if (!wanted_) return;
    if (file_)
      file_->commit(text());
    else
      write_out(text());
  }
  /// `make(sink)` makes it in parts, between which a signal ends it. A file appears by place().
  template <class Make>
  void write_parts(Make&& make) const {
    if (!wanted_) return;
    if (!file_) return make(TextSink(write_report));
    make(TextSink([this](std::string_view part) { file_->write(part); }));
    if (file_->in_place()) file_->commit();  // its reader may wait for the end before it opens another
  }
  /// Where several are placed, a signal must not leave some of them: look at it before the first.
  void place() const {  // errors: IoError
    if (file_ && !file_->in_place()) file_->commit_in_spite_of_signals();
  }

 private:
  bool wanted_;
  std::unique_ptr<TextFile> file_;
};

/// errors   IoError when a file could not be created at `path`: asked before the long work that will fill it
void require_writable(const std::string& what, const std::string& path);

/// errors   UsageError when both name the same file, of which one would then overwrite the other; "" and "-" are none
void require_different_files(const std::string& what, const std::string& path, const std::string& other_what,
                             const std::string& other);

/// errors   UsageError when `path` would be a file inside `folder`, which need not be there yet; "" and "-" are none
void require_outside(const std::string& what, const std::string& path, const std::string& folder_what,
                     const std::string& folder);

/// errors   UsageError when writing `path` would replace one of `files`, which `whose` says who needs; "", "-" and
/// devices are none
void require_no_model_file(const std::string& what, const std::string& path, const std::vector<std::string>& files,
                           const std::string& whose = "the model's own");

}  // namespace candor::cli
