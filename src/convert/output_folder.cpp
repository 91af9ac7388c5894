#include "convert/output_folder.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <iomanip>
#include <optional>
#include <sstream>
#include <string_view>

#include "candor/error.h"
#include "convert/output_kind.h"
#include "io/model_files.h"
#include "io/refuse.h"

namespace candor::convert_internal {
namespace {

namespace fs = std::filesystem;
using io::TemporaryPath;

constexpr std::string_view kOp = "convert";
constexpr std::string_view kTensorFileEnd = ".safetensors";

/// True for what shard_name() returns, and for nothing else: another .safetensors file is another model.
bool is_shard_name(std::string_view name) {
  if (name == shard_name(0, 1)) return true;
  const auto skip = [&name](std::string_view text) {
    if (name.starts_with(text)) name.remove_prefix(text.size());
  };
  const auto number = [&name] {
    std::size_t value = 0;
    name.remove_prefix(
        static_cast<std::size_t>(std::from_chars(name.data(), name.data() + name.size(), value).ptr - name.data()));
    return value;
  };
  const std::string_view whole = name;
  skip("model-");
  const std::size_t index = number();
  skip("-of-");
  const std::size_t count = number();
  return index >= 1 && index <= count && count > 1 && whole == shard_name(index - 1, count);
}

bool is_own_name(const std::string& name) {
  return is_shard_name(name) || name == io::kIndexFile ||
         std::find(std::begin(io::kSideFiles), std::end(io::kSideFiles), name) != std::end(io::kSideFiles);
}

std::vector<std::string> names_in(const std::string& folder, std::error_code& error) {
  std::vector<std::string> names;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error))
    names.push_back(at->path().filename().string());
  std::sort(names.begin(), names.end());
  return names;
}

/// Whoever may do something with `old` and belongs to the group of `with`; nothing there allows everything.
mode_t permissions_of(const std::optional<struct stat>& old, const std::optional<struct stat>& with) {
  if (!old || !with) return io::kPermissions;
  return old->st_mode & (old->st_gid == with->st_gid ? io::kPermissions : io::kPermissions & ~io::kGroupPermissions);
}

void set_permissions(const std::string& path, mode_t mode) {
  if (::chmod(path.c_str(), mode) != 0)
    io::refuse_system(kOp, path, "cannot give it the permissions of the old one", errno,
                      "remove the old one first; nothing was replaced");
}

/// What is no file that an earlier conversion wrote.
void refuse_foreign(const std::string& output, const std::vector<std::string>& names) {
  constexpr std::size_t kMostFiles = 1000;  // more than are known to remove_temporary_files() at a time
  std::error_code error;
  for (const std::string& name : names) {
    const bool own = is_own_name(name);
    if (own && fs::is_regular_file(fs::symlink_status(output + "/" + name, error))) continue;
    io::refuse_system(
        kOp, output,
        "holds " + io::quote(name) + (own ? ", which is no regular file" : ", which convert does not write"), 0,
        "a folder is replaced as a whole: choose another one or move that file away");
  }
  if (names.size() > kMostFiles)
    io::refuse_system(kOp, output, "holds " + std::to_string(names.size()) + " files", 0,
                      "choose another folder or remove that one first");
}

/// A folder that IN is read from may hold tensors that IN does not name, a configuration that was not read because IN
/// has another name elsewhere, or what was put there in their place since.
void refuse_unread(const std::string& output, const std::vector<std::string>& names,
                   const std::vector<InputFile>& read) {
  const auto any = [&](const std::string& name, auto is_it) {
    const std::string path = output + "/" + name;
    return std::any_of(read.begin(), read.end(), [&](const InputFile& file) { return (file.*is_it)(path); });
  };
  const bool holds_input = std::any_of(names.begin(), names.end(), [&](const std::string& name) {
    return name.ends_with(kTensorFileEnd) && (any(name, &InputFile::is) || any(name, &InputFile::was));
  });
  if (!holds_input) return;
  for (const std::string& name : names) {
    if (name == io::kIndexFile || any(name, &InputFile::is_as_read)) continue;
    if (any(name, &InputFile::was))
      io::refuse_system(kOp, output, "holds " + io::quote(name) + ", which is not what was read any more", 0,
                        "nothing was replaced: convert again, or choose another folder");
    io::refuse_system(kOp, output, "holds " + io::quote(name) + " beside the input, of which it is no part", 0,
                      "a folder is replaced as a whole: choose another one or move that file away");
  }
}

}  // namespace

std::string shard_name(std::size_t index, std::size_t count) {
  if (count == 1) return "model.safetensors";
  std::ostringstream name;
  name << "model-" << std::setfill('0') << std::setw(5) << index + 1 << "-of-" << std::setw(5) << count
       << kTensorFileEnd;
  return name.str();
}

std::vector<std::string> replaceable_files(const std::string& output, bool overwrite,
                                           const std::vector<InputFile>& read) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(output, error);
  if (status.type() == fs::file_type::not_found) return {};
  if (!fs::is_directory(output, error))
    io::refuse_system(kOp, output, "is not a folder", 0,
                      "choose another name, or for a single file one that ends in one of " + single_file_suffixes());
  if (fs::is_symlink(status)) io::refuse_system(kOp, output, "is a link to a folder", 0, "name the folder itself");
  std::vector<std::string> names = names_in(output, error);
  if (error) io::refuse_system(kOp, output, "cannot list the folder", error.value(), "check its permissions");
  if (names.empty()) return names;
  if (!overwrite) io::refuse_existing(kOp, output, "exists and is not empty");
  if (::faccessat(AT_FDCWD, output.c_str(), W_OK | X_OK, AT_EACCESS) != 0)
    io::refuse_system(kOp, output, "cannot remove the old files in it", errno, "check its permissions");
  refuse_foreign(output, names);
  refuse_unread(output, names, read);
  return names;
}

TemporaryModelFolder::TemporaryModelFolder(const std::string& output) : output_(output), parent_(output) {
  if (const std::optional<struct stat> old = look_at(output)) permissions_ = old->st_mode & io::kPermissions;
  // Nobody sees what may be private grow.
  const auto create = [mode = permissions_ ? S_IRWXU : io::kPermissions](const char* name) {
    return ::mkdir(name, mode) == 0 ? 0 : errno;
  };
  if (const int error = io::create_temporary(output, TemporaryPath::Kind::folder, create, folder_); error != 0)
    io::refuse_system(kOp, output, "cannot create a folder beside it", error,
                      "create the folder above it or choose a writable place");
}

std::string TemporaryModelFolder::add(const std::string& name) {
  register_file(name);
  names_.push_back(name);
  return path() + "/" + name;
}

void TemporaryModelFolder::register_file(const std::string& name) {
  const std::string file = path() + "/" + name;
  const auto is_it = [&file](const TemporaryPath& known) { return known.path() == file; };
  if (std::none_of(files_.begin(), files_.end(), is_it)) files_.emplace_back(file, TemporaryPath::Kind::file);
}

std::vector<std::string> TemporaryModelFolder::move_into_place(bool overwrite, const std::vector<InputFile>& read) {
  const bool replaced = place(overwrite, read);
  try {
    parent_.flush();
  } catch (const PlacedError& error) {
    if (!replaced) throw;
    forget();  // it may be what a power failure brings back
    throw PlacedError(std::string(error.what()) + "; the old folder is still in " + path());
  }
  if (replaced) remove_old();
  std::vector<std::string> paths;
  for (const std::string& name : names_) paths.push_back(output_ + "/" + name);
  return paths;
}

/// Returns whether there was an old folder: it has the temporary name then. What is there is decided only now; other
/// programs may have put it there, changed it or removed it since the work began, and even between two of these calls.
bool TemporaryModelFolder::place(bool overwrite, const std::vector<InputFile>& read) {
  constexpr int kTries = 8;
  const io::Placing placing;
  if (permissions_) set_permissions(path(), *permissions_ & permissions_of(look_at(output_), look_at(path())));
  for (int tries = 1;; ++tries) {
    if (::rename(path().c_str(), output_.c_str()) == 0) {
      forget();
      return false;
    }
    const int error = errno;
    const std::vector<std::string> old = replaceable_files(output_, overwrite, read);
    const bool changed = error == ENOTEMPTY || error == EEXIST;  // if nothing is in it now
    if (tries == kTries || (old.empty() && !changed))
      io::refuse_system(kOp, output_, "cannot rename the finished folder", error, "choose another name");
    if (!old.empty()) take_permissions(old);
    // From the exchange on a signal handler has to remove these; until then they are not there.
    for (const std::string& name : old) register_file(name);
    if (!old.empty() && exchange()) return true;
  }
}

/// Nobody may read the new files who could not read all of the old ones.
void TemporaryModelFolder::take_permissions(const std::vector<std::string>& old) {
  for (const std::string& name : names_) {
    const std::string file = path() + "/" + name;
    const std::optional<struct stat> now = look_at(file);
    mode_t common = io::kPermissions;
    for (const std::string& replaced : old) common &= permissions_of(look_at(output_ + "/" + replaced), now);
    set_permissions(file, common);
  }
  set_permissions(path(), permissions_of(look_at(output_), look_at(path())));
}

/// The new folder and the old one change places. Returns false when there is no old one any more.
bool TemporaryModelFolder::exchange() {
  if (::renameat2(AT_FDCWD, path().c_str(), AT_FDCWD, output_.c_str(), RENAME_EXCHANGE) == 0) return true;
  if (errno == ENOENT) return false;
  if (errno != EINVAL && errno != ENOSYS)
    io::refuse_system(kOp, output_, "cannot exchange the old folder for the finished one", errno,
                      "choose another name");
  // A file system without the exchange: for a moment neither is in place, and a failure puts the old one back.
  const std::string aside = io::temporary_sibling(output_);
  if (::rename(output_.c_str(), aside.c_str()) != 0) {
    if (errno == ENOENT) return false;
    io::refuse_system(kOp, output_, "cannot move the old folder aside", errno, "choose another name");
  }
  if (::rename(path().c_str(), output_.c_str()) != 0) {
    const int error = errno;
    const bool back = ::rename(aside.c_str(), output_.c_str()) == 0;
    io::refuse_system(kOp, output_,
                      back ? "cannot rename the finished folder"
                           : "cannot rename the finished folder, and the old one is now " + aside,
                      error, "choose another name");
  }
  if (::rename(aside.c_str(), path().c_str()) != 0)
    io::refuse_placed(kOp, output_, "was written, but the old folder is still in " + aside, errno,
                      "look into it and remove it yourself");
  return true;
}

/// Nobody finds the old folder by its name any more, but a program that has it open may have added to it.
void TemporaryModelFolder::remove_old() {
  std::error_code unlisted;
  int error = 0;
  for (const std::string& name : names_in(path(), unlisted))
    if (is_own_name(name) && ::unlink((path() + "/" + name).c_str()) != 0 && error == 0) error = errno;
  if (::rmdir(path().c_str()) != 0 && error == 0) error = unlisted ? unlisted.value() : errno;
  forget();
  if (error != 0)
    io::refuse_placed(kOp, output_, "was written, but the old folder is still in " + path(), error,
                      "look into it and remove it yourself");
}

void TemporaryModelFolder::forget() {
  for (TemporaryPath& file : files_) file.keep();
  folder_.keep();
}

}  // namespace candor::convert_internal
