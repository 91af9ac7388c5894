#include "convert/input_file.h"

namespace candor::convert_internal {
namespace {

namespace fs = std::filesystem;

bool is_same(const std::optional<struct stat>& a, const std::optional<struct stat>& b) {
  return a && b && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

}  // namespace

std::optional<struct stat> look_at(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 ? std::optional(status) : std::nullopt;
}

InputFile::InputFile(const std::string& path) : seen_(look_at(path)) {
  std::error_code error;
  path_ = fs::canonical(path, error);
}

bool InputFile::is(const std::string& path) const { return is_same(seen_, look_at(path)); }

bool InputFile::is_as_read(const std::string& path) const {
  const std::optional<struct stat> now = look_at(path);
  return is_same(seen_, now) && seen_->st_size == now->st_size && seen_->st_mtim.tv_sec == now->st_mtim.tv_sec &&
         seen_->st_mtim.tv_nsec == now->st_mtim.tv_nsec;
}

bool InputFile::was(const std::string& path) const {
  const fs::path named(path);
  return named.filename() == path_.filename() &&
         is_same(look_at(named.parent_path().string()), look_at(path_.parent_path().string()));
}

}  // namespace candor::convert_internal
