#include "io/sequential_file.h"

#include <algorithm>
#include <unordered_set>

#include "candor/error.h"
#include "io/checked.h"
#include "io/refuse.h"

namespace candor::io {

void refuse_item(std::string_view format, const std::string& path, const TensorItem& item, const std::string& what,
                 std::string_view remedy) {
  throw FormatError(std::string(format) + ": " + path + ": tensor " + quote(item.name) + " " + what + "; " +
                    std::string(remedy));
}

std::uint64_t item_bytes(std::string_view format, const std::string& path, const TensorItem& item) {
  const std::optional<std::uint64_t> elements = checked_elements(item.shape);
  const std::optional<std::uint64_t> bytes = elements ? dtype_bytes(item.dtype, *elements) : std::nullopt;
  if (!bytes)
    refuse_item(format, path, item,
                "of shape " + shape_text(item.shape) + " in " + std::string(dtype_name(item.dtype)) +
                    " is not a whole number of bytes below 2^63",
                "correct the shape");
  return *bytes;
}

void require_different_names(std::string_view format, const std::string& path, const std::vector<TensorItem>& items) {
  std::unordered_set<std::string_view> names;
  for (const TensorItem& item : items)
    if (!names.insert(item.name).second) refuse_item(format, path, item, "appears twice", "every name may appear once");
}

SequentialFile::SequentialFile(std::string format, std::string path, std::vector<TensorItem> items, bool overwrite)
    : format_(std::move(format)), path_(std::move(path)), items_(std::move(items)) {
  for (const TensorItem& item : items_) bytes_.push_back(item_bytes(format_, path_, item));
  file_.emplace(path_, overwrite);
}

void SequentialFile::start() {
  if (items_.empty()) return end_file();
  begin_item(0);
  leave_full_items();
}

void SequentialFile::leave_full_items() {
  while (current_ < items_.size() && filled_ == bytes_[current_]) {
    end_item(current_);
    filled_ = 0;
    if (++current_ == items_.size()) return end_file();
    begin_item(current_);
  }
}

void SequentialFile::write(const void* data, std::uint64_t bytes) {
  const std::byte* p = static_cast<const std::byte*>(data);
  while (bytes > 0) {
    if (!file_ || current_ == items_.size())
      throw Error(format_ + ": " + path_ + ": " + std::to_string(bytes) + " bytes more than the tensors declared");
    const std::uint64_t count = std::min(bytes, bytes_[current_] - filled_);
    on_bytes(p, count);
    file_->write(p, count);
    p += count;
    bytes -= count;
    filled_ += count;
    leave_full_items();
  }
}

void SequentialFile::finish(const std::atomic<bool>* cancel, const FileCheck& check) {
  if (!file_) throw Error(format_ + ": " + path_ + ": finish() was already called");
  if (current_ != items_.size())
    throw Error(format_ + ": " + path_ + ": tensor " + quote(items_[current_].name) + " got " +
                std::to_string(filled_) + " of " + std::to_string(bytes_[current_]) +
                " bytes; write all tensors before finish()");
  commit(cancel, check);
  file_.reset();
}

}  // namespace candor::io
