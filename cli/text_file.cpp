#include "cli/text_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "candor/error.h"
#include "cli/exit_code.h"
#include "cli/signals.h"

namespace candor::cli {
namespace {

bool exists_and_is_special(const std::string& path) {
  struct stat status {};
  return stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode);
}

// Opens a pipe or a device. A pipe can be opened when somebody reads it; who waits for that should know for what.
int open_special(const std::string& what, const std::string& path) {
  const int probe = open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NONBLOCK);
  if (probe < 0 && errno == ENXIO) note(what + ": waiting until something reads the pipe '" + path + "'");
  const int fd = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  const int error = errno;
  if (probe >= 0) close(probe);
  errno = error;
  return fd;
}

namespace fs = std::filesystem;

bool same_file(const std::string& path, const std::string& other) {
  std::error_code error;
  // Absolute first: a name that is not there yet would stay relative, and "a" differ from "./a".
  const fs::path real = fs::weakly_canonical(fs::absolute(path), error);
  const fs::path other_real = fs::weakly_canonical(fs::absolute(other), error);
  return path == other || (!error && real == other_real);
}

// No file that could be replaced: none at all, standard output, a pipe or a device.
bool is_no_file(const std::string& path) { return path.empty() || path == "-" || exists_and_is_special(path); }

}  // namespace

TextFile::TextFile(std::string what, std::string path) : what_(std::move(what)), path_(std::move(path)) {
  if (!exists_and_is_special(path_)) {
    try {
      writer_.emplace(path_, true);
    } catch (const IoError& error) {
      fail(error);
    }
    return;
  }
  fd_ = open_special(what_, path_);
  if (fd_ < 0) fail("cannot open", errno);
}

TextFile::~TextFile() {
  if (fd_ >= 0) close(fd_);
}

void TextFile::write(std::string_view part) {
  throw_if_cancelled();
  if (writer_) {
    try {
      writer_->write(part.data(), part.size());
    } catch (const IoError& error) {
      fail(error);
    }
    return;
  }
  while (!part.empty()) {
    const ssize_t written = ::write(fd_, part.data(), part.size());
    if (written < 0 && errno != EINTR) fail("cannot write", errno);
    throw_if_cancelled();  // nobody may be reading
    part.remove_prefix(written < 0 ? 0 : static_cast<std::size_t>(written));
  }
}

void TextFile::commit() { finish(cancel_requested()); }

void TextFile::commit_in_spite_of_signals() { finish(nullptr); }

void TextFile::finish(const std::atomic<bool>* cancel) {
  if (!writer_) {
    if (close(std::exchange(fd_, -1)) != 0) fail("cannot write", errno);
    return;
  }
  try {
    writer_->finish(cancel);
  } catch (const PlacedError& error) {
    throw PlacedError(named(error));
  } catch (const IoError& error) {
    fail(error);
  }
}

void TextFile::commit(std::string_view text) {
  write(text);
  commit();
}

void TextFile::fail(const char* action, int error) const {
  throw IoError(what_ + ": " + path_ + ": " + action + ": " + std::strerror(error) + "; name another file");
}

// The writer says "write: PATH: …": which of several files it was says more.
std::string TextFile::named(const IoError& error) const {
  constexpr std::string_view kOp = "write: ";
  std::string_view text = error.what();
  if (text.starts_with(kOp)) text.remove_prefix(kOp.size());
  return what_ + ": " + std::string(text);
}

void TextFile::fail(const IoError& error) const { throw IoError(named(error)); }

void require_writable(const std::string& what, const std::string& path) {
  if (exists_and_is_special(path))
    throw IoError(what + ": '" + path + "' is not a regular file; name one, it is replaced as a whole");
  const TextFile probe(what, path);  // its temporary file goes with it
}

void require_different_files(const std::string& what, const std::string& path, const std::string& other_what,
                             const std::string& other) {
  if (is_no_file(path) || other.empty() || other == "-") return;
  if (same_file(path, other))
    throw UsageError(what + " and " + other_what + " both name '" + path + "'; give each a file of its own");
}

void require_outside(const std::string& what, const std::string& path, const std::string& folder_what,
                     const std::string& folder) {
  if (is_no_file(path)) return;
  std::error_code error;
  // Where the name itself would stand, which may be a link to elsewhere. "folder/" has an empty last part.
  const fs::path place = fs::weakly_canonical(fs::absolute(path).parent_path(), error);
  fs::path outer = fs::weakly_canonical(fs::absolute(folder), error);
  if (!outer.has_filename()) outer = outer.parent_path();
  const auto [end, at] = std::mismatch(outer.begin(), outer.end(), place.begin(), place.end());
  if (!error && end == outer.end())
    throw UsageError(what + " names '" + path + "', which is inside " + folder_what + " '" + folder +
                     "', a folder that appears as a whole; name a file elsewhere");
}

void require_no_model_file(const std::string& what, const std::string& path, const std::vector<std::string>& files,
                           const std::string& whose) {
  if (is_no_file(path)) return;
  for (const std::string& file : files)
    if (same_file(path, file))
      throw UsageError(what + " names '" + path + "', which would replace " + whose + " '" + file +
                       "'; name another file");
}

}  // namespace candor::cli
