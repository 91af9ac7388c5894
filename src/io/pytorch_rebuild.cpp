#include "io/pytorch_rebuild.h"

#include <algorithm>

#include "io/checked.h"
#include "io/pytorch_types.h"
#include "io/refuse.h"
#include "io/strides.h"

namespace candor::io {
namespace {

constexpr int kMostWrappers = 8;  // a parameter of a subclass of a tensor: three

bool rebuilds_tensor(std::string_view symbol) {
  return symbol == "torch._utils._rebuild_tensor" || symbol == "torch._utils._rebuild_tensor_v2" ||
         symbol == "torch._utils._rebuild_tensor_v3";
}

/// Which argument of a wrapper holds what it wraps: a call, or a function and its arguments.
bool wraps_tensor(std::string_view symbol) {
  return symbol == "torch._utils._rebuild_parameter" || symbol == "torch._utils._rebuild_parameter_with_state" ||
         symbol == "torch.nn.parameter.Parameter";
}

/// One tensor's arguments under their names, with what an error needs.
struct Arguments {
  const Pickle& pickle;
  const std::string& file;
  std::uint64_t position = 0;
  std::span<const PickleId> items;
  bool names_dtype = false;  // _rebuild_tensor_v3

  [[noreturn]] void fail(const std::string& what) const { refuse(kPytorchFormat, file, position, what, kHostile); }
};

constexpr std::size_t kStorage = 0, kOffset = 1, kSize = 2, kStride = 3, kDType = 6;

/// Takes the wrappers off. Returns the function's symbol and its arguments.
Arguments arguments_of(const Pickle& pickle, PickleId id, const std::string& file) {
  Arguments a{pickle, file, pickle.position(id), {}, false};
  std::string_view function = pickle.called(id);
  a.items = pickle.items(pickle.arguments(id));
  for (int depth = 0; !rebuilds_tensor(function); ++depth) {
    if (depth == kMostWrappers) a.fail("a parameter wraps a parameter " + std::to_string(depth) + " times");
    if (wraps_tensor(function)) {
      if (a.items.empty() || pickle.called(a.items[0]).empty()) a.fail("a parameter holds no tensor");
      id = a.items[0];
      function = pickle.called(id);
      a.items = pickle.items(pickle.arguments(id));
    } else if (function == "torch._tensor._rebuild_from_type_v2") {  // (function, type, arguments, state)
      if (a.items.size() < 3 || pickle.kind(a.items[0]) != PickleKind::symbol ||
          pickle.kind(a.items[2]) != PickleKind::tuple)
        a.fail("a tensor of a subclass is rebuilt from something else than a function, a type and arguments");
      function = pickle.symbol(a.items[0]);
      a.items = pickle.items(a.items[2]);
    } else {
      a.fail("a parameter holds what " + quote(function) + " would make, which is no tensor");
    }
  }
  a.names_dtype = function == "torch._utils._rebuild_tensor_v3";
  const std::size_t least = a.names_dtype ? kDType + 1 : kStride + 1;
  if (a.items.size() < least)
    a.fail("a tensor has " + std::to_string(a.items.size()) + " arguments, at least " + std::to_string(least) +
           " belong to it");
  return a;
}

/// A tuple of integers that are not negative, or torch.Size of one.
std::vector<std::int64_t> extents(const Arguments& a, std::size_t index, const char* what) {
  constexpr std::size_t kHighestRank = 64;  // PyTorch's own
  PickleId id = a.items[index];
  if (a.pickle.called(id) == "torch.Size") {
    const std::span<const PickleId> inner = a.pickle.items(a.pickle.arguments(id));
    if (inner.size() == 1) id = inner[0];
  }
  if (a.pickle.kind(id) != PickleKind::tuple) a.fail(std::string("a tensor's ") + what + " is no tuple");
  const std::span<const PickleId> items = a.pickle.items(id);
  if (items.size() > kHighestRank)
    a.fail("a tensor has " + std::to_string(items.size()) + " dimensions, at most 64 are possible");
  std::vector<std::int64_t> values;
  for (const PickleId item : items) {
    if (!a.pickle.is_integer(item)) a.fail(std::string("a tensor's ") + what + " is not made of integers");
    values.push_back(a.pickle.integer(item));
    if (values.back() < 0)
      a.fail(std::string("a tensor's ") + what + " holds " + std::to_string(values.back()) + ", which is negative");
  }
  return values;
}

PytorchStorage storage_of(const Arguments& a) {
  if (a.pickle.kind(a.items[kStorage]) != PickleKind::persistent) a.fail("a tensor's storage is no persistent id");
  PytorchStorage storage = pytorch_storage(a.pickle, a.items[kStorage], a.file);
  if (!a.names_dtype) {
    if (storage.spelling.empty()) a.fail("a tensor over an untyped storage does not say its dtype");
    return storage;
  }
  const PickleId id = a.items[kDType];
  const PytorchType* type =
      a.pickle.kind(id) == PickleKind::symbol ? pytorch_type_of_dtype(a.pickle.symbol(id)) : nullptr;
  if (type == nullptr)
    a.fail("a tensor has the dtype " +
           (a.pickle.kind(id) == PickleKind::symbol ? quote(a.pickle.symbol(id)) : std::string("of no symbol")) +
           ", whose size is unknown here");
  storage.elements = storage.elements * storage.item_bytes / type->bytes;  // the product is bounded by pytorch_storage
  storage.item_bytes = type->bytes;
  storage.dtype = type->dtype;
  storage.spelling = type->name;
  return storage;
}

/// The elements that the strides reach must be in the storage, and few beyond its number may be made by strides of 0.
void check_span(const Arguments& a, const PytorchStorage& storage, const std::vector<std::int64_t>& shape,
                const std::vector<std::int64_t>& strides, std::uint64_t first, std::uint64_t elements) {
  const std::string who = "a tensor of shape " + shape_text(shape);
  const std::optional<std::uint64_t> extent = strided_extent(shape, strides);
  const std::optional<std::uint64_t> end = extent ? checked_add(first, *extent) : std::nullopt;
  if (!end || *end > storage.elements)
    a.fail(who + ", strides " + shape_text(strides) + " and offset " + std::to_string(first) + " needs " +
           (end ? std::to_string(*end) : std::string("more than 2^64")) + " elements, its storage has " +
           std::to_string(storage.elements));
  constexpr std::uint64_t kSmall = 1u << 20;  // an expanded scalar or mask
  if (elements > std::max(storage.elements, kSmall))
    a.fail(who + " has " + std::to_string(elements) + " elements made out of " + std::to_string(storage.elements) +
           " by strides that meet them again; at most " + std::to_string(kSmall) + " are made so");
}

/// Bounds of a tensor in its storage; sets offset, nbytes and strides.
void place(const Arguments& a, const PytorchStorage& storage, const StoredBytes& bytes, TensorEntry& entry) {
  const PickleId first_id = a.items[kOffset];
  if (!a.pickle.is_integer(first_id) || a.pickle.integer(first_id) < 0)
    a.fail("a tensor's offset in its storage is no integer from 0");
  const std::uint64_t first = static_cast<std::uint64_t>(a.pickle.integer(first_id));
  const std::vector<std::int64_t> strides = extents(a, kStride, "stride");
  if (strides.size() != entry.shape.size())
    a.fail("a tensor has " + std::to_string(entry.shape.size()) + " dimensions but " + std::to_string(strides.size()) +
           " strides");
  const std::optional<std::uint64_t> elements = checked_elements(entry.shape);
  const std::string who = "a tensor of shape " + shape_text(entry.shape);
  if (!elements) a.fail(who + " has more than 2^63-1 elements");
  entry.offset = bytes.offset;
  if (*elements == 0) return;
  check_span(a, storage, entry.shape, strides, first, *elements);
  const std::optional<std::uint64_t> nbytes = checked_mul(*elements, storage.item_bytes);
  if (!nbytes) a.fail(who + " has more than 2^64 bytes");
  entry.nbytes = *nbytes;
  entry.offset += first * storage.item_bytes;  // inside the storage, hence inside the file
  if (is_row_major(entry.shape, strides)) return;
  entry.strides = strides;
  drop_idle_strides(entry.shape, entry.strides);
}

}  // namespace

PytorchStorage pytorch_storage(const Pickle& pickle, PickleId id, const std::string& file) {
  PytorchStorage storage;
  storage.position = pickle.position(id);
  const auto fail = [&](const std::string& what) { refuse(kPytorchFormat, file, storage.position, what, kHostile); };
  const PickleId inner = pickle.inner(id);
  const std::span<const PickleId> items = pickle.items(inner);
  constexpr std::size_t kFields = 5;
  if (pickle.kind(inner) != PickleKind::tuple || items.size() < kFields || pickle.text(items[0]) != "storage")
    fail("a persistent id is no ('storage', type, key, location, size)");
  if (pickle.kind(items[1]) != PickleKind::symbol || pickle.kind(items[2]) != PickleKind::text ||
      !pickle.is_integer(items[4]))
    fail("a storage has no type, key and size");
  const std::string& type_symbol = pickle.symbol(items[1]);
  storage.key = pickle.text(items[2]);
  constexpr std::size_t kLongestKey = 1024;  // PyTorch's are numbers
  if (storage.key.size() > kLongestKey)
    fail("a storage's key has " + std::to_string(storage.key.size()) + " bytes, more than " +
         std::to_string(kLongestKey));
  storage.item_bytes = 1;
  if (const PytorchType* type = pytorch_type_of_storage(type_symbol)) {
    storage.item_bytes = type->bytes;
    storage.dtype = type->dtype;
    storage.spelling = type->name;
  } else if (!type_symbol.ends_with("UntypedStorage")) {
    fail("a storage has the type " + quote(type_symbol) + ", whose size is unknown here");
  }
  const std::int64_t elements = pickle.integer(items[4]);
  if (elements < 0 || !checked_mul(static_cast<std::uint64_t>(elements), storage.item_bytes))
    fail("a storage has " + std::to_string(elements) + " elements");
  storage.elements = static_cast<std::uint64_t>(elements);
  return storage;
}

bool is_pytorch_tensor(const Pickle& pickle, PickleId id) {
  const std::string_view symbol = pickle.called(id);
  if (rebuilds_tensor(symbol)) return true;
  if (symbol != "torch._tensor._rebuild_from_type_v2") return wraps_tensor(symbol);
  const std::span<const PickleId> items = pickle.items(pickle.arguments(id));
  return !items.empty() && pickle.kind(items[0]) == PickleKind::symbol && rebuilds_tensor(pickle.symbol(items[0]));
}

TensorEntry pytorch_tensor(const Pickle& pickle, PickleId id, const StorageFinder& find, const std::string& file,
                           std::string& spelling) {
  const Arguments a = arguments_of(pickle, id, file);
  const PytorchStorage storage = storage_of(a);
  const StoredBytes bytes = find(storage);
  TensorEntry entry;
  entry.dtype = storage.dtype;
  entry.shape = extents(a, kSize, "size");
  place(a, storage, bytes, entry);
  spelling = storage.spelling;
  return entry;
}

}  // namespace candor::io
