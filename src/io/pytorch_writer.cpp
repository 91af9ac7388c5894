// A .pt file as torch.save() writes a dict of tensors: one pickle that only names torch's own rebuild functions, and an
// aligned record for each storage. torch.load(weights_only=True) reads it.
#include <algorithm>

#include "candor/error.h"
#include "io/candor_json.h"
#include "io/checkpoint_writers.h"
#include "io/pickle_writer.h"
#include "io/pytorch_types.h"
#include "io/refuse.h"
#include "io/sequential_file.h"
#include "io/zip_writer.h"

namespace candor::io {
namespace {

constexpr std::string_view kFormat = "pytorch";
constexpr std::string_view kFolder = "archive/";  // the same for every file name: the same input gives the same bytes

std::string record(std::string_view name) { return std::string(kFolder).append(name); }

void write_extents(PickleWriter& pickle, const std::vector<std::uint64_t>& values) {
  if (values.empty()) return pickle.empty_tuple();
  pickle.mark();
  for (const std::uint64_t value : values) pickle.integer(value);
  pickle.tuple();
}

/// Row-major, as torch counts them: an extent of 0 counts as 1.
std::vector<std::uint64_t> strides_of(const std::vector<std::int64_t>& shape) {
  std::vector<std::uint64_t> strides(shape.size());
  std::uint64_t stride = 1;
  for (std::size_t i = shape.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= static_cast<std::uint64_t>(std::max<std::int64_t>(shape[i], 1));  // checked_elements has bounded it
  }
  return strides;
}

/// ('storage', TYPE, KEY, 'cpu', ELEMENTS) as a persistent id; elements are bytes where the storage has no type.
void write_storage(PickleWriter& pickle, const PytorchType& type, std::size_t key, std::uint64_t bytes) {
  pickle.mark();
  pickle.repeated_text("storage");
  if (type.storage.empty())
    pickle.symbol("torch.storage", "UntypedStorage");
  else
    pickle.symbol("torch", type.storage);
  pickle.text(std::to_string(key));
  pickle.repeated_text("cpu");
  pickle.integer(type.storage.empty() ? bytes : bytes / type.bytes);
  pickle.tuple();
  pickle.persistent();
}

/// _rebuild_tensor_v2(storage, offset, size, stride, requires_grad, OrderedDict()); _v3 has the dtype behind these.
void write_tensor(PickleWriter& pickle, const TensorItem& item, std::size_t key, std::uint64_t bytes) {
  const PytorchType& type = *pytorch_type_of(item.dtype);
  pickle.symbol("torch._utils", type.storage.empty() ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2");
  pickle.mark();
  write_storage(pickle, type, key, bytes);
  pickle.integer(0);
  write_extents(pickle, {item.shape.begin(), item.shape.end()});
  write_extents(pickle, strides_of(item.shape));
  pickle.no();
  pickle.symbol("collections", "OrderedDict");  // backward hooks: none
  pickle.empty_tuple();
  pickle.reduce();
  if (type.storage.empty()) pickle.symbol("torch", type.name);
  pickle.tuple();
  pickle.reduce();
}

std::string pickle_of(const std::vector<TensorItem>& items, const std::string& path) {
  constexpr std::size_t kBatch = 1000;  // as Python's own pickler: the reader's stack stays low
  PickleWriter pickle;
  pickle.empty_dict();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i % kBatch == 0) pickle.mark();
    pickle.text(items[i].name);
    write_tensor(pickle, items[i], i, item_bytes(kFormat, path, items[i]));
    if (i % kBatch == kBatch - 1 || i + 1 == items.size()) pickle.set_items();
  }
  return pickle.finish();
}

class PytorchFile final : public SequentialFile {
 public:
  PytorchFile(const std::string& path, std::vector<TensorItem> items, const std::string& pickle, std::string json,
              bool overwrite)
      : SequentialFile(std::string(kFormat), path, std::move(items), overwrite),
        zip_([this](const void* data, std::uint64_t bytes) { file().write(data, bytes); }),
        json_(std::move(json)) {
    zip_.add(record("data.pkl"), pickle);
    zip_.add(record(".format_version"), "1");
    zip_.add(record(".storage_alignment"), "64");
    zip_.add(record("byteorder"), "little");
    start();
  }

 private:
  void begin_item(std::size_t index) override { zip_.begin(record("data/") + std::to_string(index), bytes_of(index)); }
  void on_bytes(const std::byte* data, std::uint64_t bytes) override { zip_.seen(data, bytes); }
  void end_item(std::size_t) override { zip_.end(); }
  void end_file() override {
    if (!json_.empty()) zip_.add(record(kCandorJson), json_);
    zip_.add(record("version"), "3\n");
    zip_.finish();
  }

  ZipWriter zip_;
  std::string json_;
};

}  // namespace

void check_pytorch_items(const std::string& path, const std::vector<TensorItem>& items) {
  constexpr std::size_t kLongestName = 4095;  // that candor reads
  for (const TensorItem& item : items) {
    if (item.name.size() > kLongestName)
      refuse_item(kFormat, path, item,
                  "has a name of " + std::to_string(item.name.size()) + " bytes, at most 4095 are possible",
                  "rename it");
    if (!is_utf8(item.name) || item.name.find('\0') != std::string::npos)
      refuse_item(kFormat, path, item, "has a name that is no UTF-8 text without NUL", "rename it");
    if (pytorch_type_of(item.dtype) == nullptr)
      refuse_item(kFormat, path, item, "is of dtype " + std::string(dtype_name(item.dtype)) + ", which PyTorch has not",
                  "convert it to bf16, f16 or f32");
    require_rank(kFormat, path, item);
  }
  require_different_names(kFormat, path, items);
  require_total_bytes(kFormat, path, items);
}

std::unique_ptr<CheckpointWriter> create_pytorch(const std::string& path, std::vector<TensorItem> items,
                                                 const Metadata& metadata, bool overwrite) {
  check_pytorch_items(path, items);
  const std::string json = candor_json_text({metadata, {}}, kFormat, path);
  const std::string pickle = pickle_of(items, path);
  return std::make_unique<PytorchFile>(path, std::move(items), pickle, json, overwrite);
}

}  // namespace candor::io
