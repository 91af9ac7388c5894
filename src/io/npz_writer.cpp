// NumPy's archive: stored members NAME.npy, aligned, and candor.json for what NumPy cannot say.
#include "candor/error.h"
#include "io/candor_json.h"
#include "io/checkpoint_writers.h"
#include "io/npy_header.h"
#include "io/refuse.h"
#include "io/sequential_file.h"
#include "io/zip_writer.h"

namespace candor::io {
namespace {

constexpr std::string_view kFormat = "npz";
constexpr std::string_view kArrayEnd = ".npy";

class NpzFile final : public SequentialFile {
 public:
  NpzFile(const std::string& path, std::vector<TensorItem> items, std::string json, bool overwrite)
      : SequentialFile(std::string(kFormat), path, std::move(items), overwrite),
        zip_([this](const void* data, std::uint64_t bytes) { file().write(data, bytes); }),
        json_(std::move(json)) {
    start();
  }

 private:
  void begin_item(std::size_t index) override {
    const TensorItem& item = order()[index];
    const std::string header = npy_header_bytes(npy_descr(item.dtype), item.shape);
    zip_.begin(item.name + std::string(kArrayEnd), header.size() + bytes_of(index));  // far below 2^64
    zip_.write(header);
  }
  void on_bytes(const std::byte* data, std::uint64_t bytes) override { zip_.seen(data, bytes); }
  void end_item(std::size_t) override { zip_.end(); }
  void end_file() override {
    if (!json_.empty()) zip_.add(std::string(kCandorJson), json_);
    zip_.finish();
  }

  ZipWriter zip_;
  std::string json_;
};

/// A member's name must lead nowhere when the archive is unpacked, and to one array when NumPy looks it up: it tries
/// the key as it is first, then with ".npy".
void check_name(const std::string& path, const TensorItem& item) {
  constexpr std::size_t kLongestMember = 1024;  // that candor reads
  const std::string& name = item.name;
  const auto fail = [&](const std::string& what) { refuse_item(kFormat, path, item, what, "rename it"); };
  if (name.empty()) fail("has no name");
  if (name.size() + kArrayEnd.size() > kLongestMember)
    fail("has a name of " + std::to_string(name.size()) + " bytes, at most 1020 are possible");
  if (!is_utf8(name) || name.find('\0') != std::string::npos) fail("has a name that is no UTF-8 text without NUL");
  const std::string framed = "/" + name + "/";
  const bool drive = name.size() > 1 && name[1] == ':';
  if (name.front() == '/' || drive || name.find('\\') != std::string::npos ||
      framed.find("/../") != std::string::npos || framed.find("/./") != std::string::npos)
    fail("has a name that would lead out of a folder, or to another array, when the archive is unpacked");
  if (name.ends_with(kArrayEnd) || name == kCandorJson)
    fail("has a name that NumPy could not tell from another member's");
}

}  // namespace

void check_npz_items(const std::string& path, const std::vector<TensorItem>& items) {
  for (const TensorItem& item : items) {
    check_name(path, item);
    if (npy_descr(item.dtype).empty())
      refuse_item(kFormat, path, item,
                  "is of dtype " + std::string(dtype_name(item.dtype)) + ", whose elements are no whole bytes",
                  "convert it to bf16, f16 or f32");
    require_rank(kFormat, path, item);
  }
  require_different_names(kFormat, path, items);
  require_total_bytes(kFormat, path, items);
}

std::unique_ptr<CheckpointWriter> create_npz(const std::string& path, std::vector<TensorItem> items,
                                             const Metadata& metadata, bool overwrite) {
  check_npz_items(path, items);
  CandorJson json{metadata, {}};
  for (const TensorItem& item : items)
    if (!npy_names(item.dtype)) json.dtypes.emplace(item.name, item.dtype);
  return std::make_unique<NpzFile>(path, std::move(items), candor_json_text(json, kFormat, path), overwrite);
}

}  // namespace candor::io
