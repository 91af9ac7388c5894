#include "io/pytorch_tensors.h"

#include <algorithm>
#include <numeric>
#include <unordered_map>

#include "io/pytorch_rebuild.h"
#include "io/pytorch_types.h"
#include "io/refuse.h"

namespace candor::io {
namespace {

constexpr int kDeepest = 256;
constexpr std::uint64_t kLongestName = 4096;
/// Bytes that tensors together may have: so many times the file's, and kViewed more. Layers that share their weights
/// have each a name for the same bytes side by side; strides take longer to follow, and few writers leave them.
constexpr std::uint64_t kSideBySide = 1024, kStrided = 64, kViewed = std::uint64_t{256} << 20;

/// Walks the values from the root. Ids may share and form cycles, so the steps are counted: a walk of a true checkpoint
/// takes about as many as it has values.
class Walk {
 public:
  Walk(const Pickle& pickle, const StorageFinder& find, const std::string& file, std::uint64_t file_bytes)
      : pickle_(pickle),
        find_(find),
        file_(file),
        steps_left_(std::max<std::uint64_t>(8 * pickle.size(), 1u << 16)),
        bytes_left_(8 * pickle.bytes() + (8u << 20)),
        contiguous_left_(kSideBySide * file_bytes + kViewed),
        strided_left_(kStrided * file_bytes + kViewed) {}

  PytorchTensors result() {
    if (is_pytorch_tensor(pickle_, pickle_.root()))
      add("tensor", pickle_.root());  // torch.save of a tensor: it has no name
    else
      visit(pickle_.root(), 0);
    return std::move(found_);
  }

 private:
  [[noreturn]] void fail(PickleId id, const std::string& what) const {
    refuse(kPytorchFormat, file_, pickle_.position(id), what, kHostile);
  }

  void visit(PickleId id, int depth) {
    if (steps_left_-- == 0) fail(id, "the values refer to one another too often to be walked");
    if (depth == kDeepest) fail(id, "values are nested deeper than " + std::to_string(kDeepest));
    const PickleKind kind = pickle_.kind(id);
    if (is_pytorch_tensor(pickle_, id)) return add(path_, id);
    if (kind == PickleKind::dict || kind == PickleKind::call) visit_pairs(pickle_.items(id), depth);
    if (kind == PickleKind::list || kind == PickleKind::tuple) visit_items(pickle_.items(id), depth);
    if (kind != PickleKind::call) return;
    if (pickle_.called(id) == "collections.OrderedDict") visit_ordered(pickle_.arguments(id), depth);
    if (pickle_.has_state(id)) visit(pickle_.state(id), depth + 1);
  }

  void visit_pairs(std::span<const PickleId> items, int depth) {
    for (std::size_t i = 0; i + 1 < items.size(); i += 2)
      visit_below(key_text(items[i], i / 2), items[i], items[i + 1], depth);
  }

  void visit_items(std::span<const PickleId> items, int depth) {
    for (std::size_t i = 0; i < items.size(); ++i) visit_below(std::to_string(i), items[i], items[i], depth);
  }

  /// OrderedDict([[key, value], …]), as older writers have it.
  void visit_ordered(PickleId arguments, int depth) {
    const std::span<const PickleId> outer = pickle_.items(arguments);
    if (outer.size() != 1 || pickle_.kind(outer[0]) != PickleKind::list) return;
    for (const PickleId pair : pickle_.items(outer[0]))
      if (pickle_.items(pair).size() == 2) visit_pairs(pickle_.items(pair), depth);
  }

  std::string key_text(PickleId key, std::size_t index) const {
    // One byte more than a name may have is enough to refuse it.
    if (pickle_.kind(key) == PickleKind::text) return std::string(pickle_.text(key).substr(0, kLongestName + 1));
    if (pickle_.is_integer(key)) return std::to_string(pickle_.integer(key));
    return "#" + std::to_string(index);  // a key that is no name
  }

  void visit_below(const std::string& key, PickleId at, PickleId value, int depth) {
    const std::size_t length = path_.size();
    if (length + key.size() + 1 > kLongestName)
      fail(at, "a name has more than " + std::to_string(kLongestName) + " bytes");
    spend(at, key.size());
    if (length > 0) path_ += '.';
    path_ += key;
    visit(value, depth + 1);
    path_.resize(length);
  }

  /// One tensor may have many names, and a text from the memo stand in many: two bytes of the pickle each.
  void spend(PickleId at, std::uint64_t bytes) {
    if (bytes > bytes_left_)
      fail(at, "the pickle makes more of its " + std::to_string(pickle_.bytes()) + " bytes than a writer does");
    bytes_left_ -= bytes;
  }

  /// Views cost the pickle a few bytes and whoever reads them all of theirs.
  void charge(PickleId at, const TensorEntry& entry) {
    const bool strided = !entry.strides.empty();
    std::uint64_t& left = strided ? strided_left_ : contiguous_left_;
    if (entry.nbytes > left)
      refuse(kPytorchFormat, file_, pickle_.position(at),
             std::string("the tensors ") + (strided ? "with strides " : "") + "have more bytes than " +
                 std::to_string(strided ? kStrided : kSideBySide) +
                 " times the file's + 256 MiB, which is the most that is read: they are views of the same storages",
             strided ? "save .contiguous() of each, or fewer of them"
                     : "save each tensor under fewer names, or clones of it");
    left -= entry.nbytes;
  }

  void add(const std::string& name, PickleId id) {
    if (!is_utf8(name) || name.find('\0') != std::string::npos)
      fail(id, "tensor " + quote(name) + " has a name that is no UTF-8 text without NUL");
    std::string spelling;
    TensorEntry entry = pytorch_tensor(pickle_, id, find_, file_, spelling);
    constexpr std::uint64_t kOfTensor = 256, kOfDimension = 16;
    spend(id, kOfTensor + 2 * name.size() + kOfDimension * entry.shape.size());
    if (!names_.emplace(name, id).second) {
      if (names_.at(name) == id) return;  // the same thing on two ways
      fail(id, "two tensors are called " + quote(name));
    }
    charge(id, entry);
    entry.name = name;
    found_.tensors.push_back(std::move(entry));
    found_.spellings.push_back(std::move(spelling));
  }

  const Pickle& pickle_;
  const StorageFinder& find_;
  const std::string& file_;
  std::uint64_t steps_left_, bytes_left_, contiguous_left_, strided_left_;
  std::string path_;  // keys on the way
  std::unordered_map<std::string, PickleId> names_;
  PytorchTensors found_;
};

void sort_by_place(PytorchTensors& found) {
  std::vector<std::size_t> order(found.tensors.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t x, std::size_t y) { return found.tensors[x].offset < found.tensors[y].offset; });
  std::vector<TensorEntry> tensors;
  std::vector<std::string> spellings;
  for (const std::size_t i : order) {
    tensors.push_back(std::move(found.tensors[i]));
    spellings.push_back(std::move(found.spellings[i]));
  }
  found.tensors = std::move(tensors);
  found.spellings = std::move(spellings);
}

}  // namespace

PytorchTensors pytorch_tensors(const Pickle& pickle, const StorageFinder& find, const std::string& file,
                               std::uint64_t file_bytes) {
  PytorchTensors found = Walk(pickle, find, file, file_bytes).result();
  sort_by_place(found);
  for (PickleId id = 0; id < pickle.size(); ++id)
    if (pickle.kind(id) == PickleKind::symbol && !pytorch_symbol_is_known(pickle.symbol(id)))
      ++found.unknown_symbols[pickle.symbol(id)];
  return found;
}

}  // namespace candor::io
