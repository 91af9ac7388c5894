#include "io/pytorch_file.h"

#include <cstring>
#include <unordered_map>

#include "io/byte_cursor.h"
#include "io/candor_json.h"
#include "io/checked.h"
#include "io/pytorch_rebuild.h"

namespace candor::io {
namespace {

constexpr std::string_view kPickleEnd = "/data.pkl";

void require_stored(const ZipEntry& entry, const std::string& file) {
  if (entry.deflated)
    refuse(kPytorchFormat, file, entry.record,
           "entry " + quote(entry.name) + " is deflated; PyTorch stores its entries",
           "unpack the archive and store it again without compression");
}

/// Absent: little, as before PyTorch wrote it.
void check_byte_order(const std::byte* data, const ZipEntry* entry, const std::string& file) {
  if (entry == nullptr) return;
  require_stored(*entry, file);
  const std::string_view text(reinterpret_cast<const char*>(data) + entry->offset, entry->bytes);
  if (text == "little") return;
  refuse(kPytorchFormat, file, entry->offset, "the byte order is " + quote(text) + ", only 'little' is read",
         "load it with PyTorch and save it on a little-endian machine");
}

/// As PyTorch does: of two pickles in two folders, either might be taken for the file's.
void require_one_folder(const ZipDirectory& zip, const std::string& folder, const std::string& file) {
  for (const ZipEntry& entry : zip.entries)
    if (!entry.name.starts_with(folder + "/"))
      refuse(kPytorchFormat, file, entry.record,
             "entry " + quote(entry.name) + ", whose data begin at byte " + std::to_string(entry.offset) +
                 ", is not in the folder of " + quote(folder + std::string(kPickleEnd)),
             "PyTorch loads no such file: take the entry out, or save the tensors again");
}

/// PyTorch looks records up without regard to case, and takes which of two it likes.
void require_distinct(const ZipDirectory& zip, const std::string& file) {
  std::unordered_map<std::string, const ZipEntry*> seen;
  for (const ZipEntry& entry : zip.entries) {
    std::string name = entry.name;
    for (char& c : name)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const auto [other, is_new] = seen.emplace(std::move(name), &entry);
    if (!is_new)
      refuse(kPytorchFormat, file, entry.record,
             "entries " + quote(other->second->name) + " and " + quote(entry.name) + " differ in case alone",
             "PyTorch takes them for one: rename one of them");
  }
}

class ZipStorages {
 public:
  ZipStorages(const ZipDirectory& zip, std::string folder, const std::string& file)
      : folder_(std::move(folder)), file_(file) {
    for (const ZipEntry& entry : zip.entries) by_name_.emplace(entry.name, &entry);
  }

  StoredBytes find(const PytorchStorage& storage) const {
    const auto fail = [&](const std::string& what) {
      refuse(kPytorchFormat, file_, storage.position, "storage " + quote(storage.key) + " " + what, kHostile);
    };
    const auto it = by_name_.find(folder_ + "/data/" + std::string(storage.key));
    if (it == by_name_.end()) fail("has no entry in the archive");
    const ZipEntry& entry = *it->second;
    require_stored(entry, file_);
    const std::uint64_t bytes = storage.elements * storage.item_bytes;  // bounded by pytorch_storage
    if (bytes != entry.bytes)
      fail("should have " + std::to_string(bytes) + " bytes but its entry has " + std::to_string(entry.bytes));
    return {entry.offset, bytes};
  }

  const ZipEntry* entry(std::string_view name) const {
    const auto it = by_name_.find(folder_ + "/" + std::string(name));
    return it == by_name_.end() ? nullptr : it->second;
  }

 private:
  std::string folder_;
  const std::string& file_;
  std::unordered_map<std::string_view, const ZipEntry*> by_name_;
};

/// Storages of the form before ZIP: each is its number of elements and its bytes, in the order of the list of keys.
class LegacyStorages {
 public:
  /// `pickle`: the object; its persistent ids say how wide the elements are.
  LegacyStorages(const Pickle& pickle, const std::string& file) : file_(file) {
    for (PickleId id = 0; id < pickle.size(); ++id) {
      if (pickle.kind(id) != PickleKind::persistent) continue;
      const PytorchStorage storage = pytorch_storage(pickle, id, file);
      const std::span<const PickleId> fields = pickle.items(pickle.inner(id));
      if (fields.size() > 5 && pickle.kind(fields[5]) != PickleKind::none)
        refuse(kPytorchFormat, file, storage.position, "storage " + quote(storage.key) + " is a view of another one",
               "load it with PyTorch and save it again");
      const auto [it, added] = by_key_.emplace(std::string(storage.key), Place{storage, 0, false});
      const PytorchStorage& known = it->second.storage;
      if (known.elements != storage.elements || known.item_bytes != storage.item_bytes)
        refuse(kPytorchFormat, file, storage.position, "storage " + quote(storage.key) + " has two sizes", kHostile);
    }
  }

  void read(const Pickle& keys, ByteCursor& cursor) {
    if (keys.kind(keys.root()) != PickleKind::list)
      cursor.fail_at(keys.position(keys.root()), "the storages' keys are no list");
    for (const PickleId id : keys.items(keys.root())) {
      const std::string key(keys.text(id));
      const auto it = by_key_.find(key);
      if (it == by_key_.end() || it->second.found)
        cursor.fail_at(keys.position(id),
                       "storage " + quote(key) +
                           (it == by_key_.end() ? " is used by no tensor: its size is unknown" : " is listed twice"));
      Place& place = it->second;
      const std::uint64_t at = cursor.position();
      const auto elements = cursor.read<std::uint64_t>("a storage's size");
      if (elements != place.storage.elements)
        cursor.fail_at(at, "storage " + quote(key) + " has " + std::to_string(elements) + " elements here and " +
                               std::to_string(place.storage.elements) + " in the pickle");
      place.offset = cursor.position();
      place.found = true;
      cursor.take(elements * place.storage.item_bytes,
                  "storage " + quote(key));  // bounded by pytorch_storage
    }
    if (cursor.remaining() != 0) cursor.fail(std::to_string(cursor.remaining()) + " bytes follow the last storage");
  }

  StoredBytes find(const PytorchStorage& storage) const {
    const Place& place = by_key_.at(std::string(storage.key));  // every persistent id is in the map
    if (!place.found)
      refuse(kPytorchFormat, file_, storage.position, "storage " + quote(storage.key) + " is not in the file",
             kHostile);
    return {place.offset, storage.elements * storage.item_bytes};
  }

 private:
  struct Place {
    PytorchStorage storage;
    std::uint64_t offset = 0;
    bool found = false;
  };
  const std::string& file_;
  std::unordered_map<std::string, Place> by_key_;
};

// PROTO 2, LONG1 of ten bytes: 0x1950a86a20f9469cfc6c, STOP.
constexpr unsigned char kLegacyMagic[] = {0x80, 2,    0x8a, 10,   0x6c, 0xfc, 0x9c, 0x46,
                                          0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

/// The machine that wrote the file: a dict with 'little_endian'.
void check_machine(const Pickle& pickle, const std::string& file) {
  const std::span<const PickleId> items = pickle.items(pickle.root());
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (pickle.text(items[i]) != "little_endian") continue;
    if (pickle.kind(items[i + 1]) == PickleKind::boolean && pickle.integer(items[i + 1]) == 1) return;
    refuse(kPytorchFormat, file, pickle.position(items[i]), "the file was written on a big-endian machine",
           "load it with PyTorch and save it on a little-endian machine");
  }
  refuse(kPytorchFormat, file, pickle.position(pickle.root()), "the file does not say its byte order", kHostile);
}

}  // namespace

const ZipEntry* find_pytorch_pickle(const ZipDirectory& zip) {
  for (const ZipEntry& entry : zip.entries)
    if (entry.name.ends_with(kPickleEnd) && entry.name.find('/') == entry.name.size() - kPickleEnd.size())
      return &entry;
  return nullptr;
}

PytorchTensors parse_pytorch_zip(const std::byte* data, std::uint64_t size, const ZipDirectory& zip,
                                 const std::string& file) {
  const ZipEntry* entry = find_pytorch_pickle(zip);
  if (entry == nullptr)
    refuse(kPytorchFormat, file, size, "the archive has no entry NAME/data.pkl", "this is no file of torch.save");
  require_stored(*entry, file);
  const std::string folder = entry->name.substr(0, entry->name.size() - kPickleEnd.size());
  require_one_folder(zip, folder, file);
  require_distinct(zip, file);
  const ZipStorages storages(zip, folder, file);
  check_byte_order(data, storages.entry("byteorder"), file);
  ByteCursor cursor(data, entry->offset + entry->bytes, kPytorchFormat, file);
  cursor.seek(entry->offset, "the pickle");
  const Pickle pickle = run_pickle(cursor);
  if (cursor.remaining() != 0) cursor.fail(std::to_string(cursor.remaining()) + " bytes follow the pickle");
  PytorchTensors found = pytorch_tensors(
      pickle, [&](const PytorchStorage& storage) { return storages.find(storage); }, file, size);
  if (const ZipEntry* json = storages.entry(kCandorJson)) found.metadata = read_candor_json(data, *json, file).metadata;
  return found;
}

bool is_legacy_pytorch(const std::byte* data, std::uint64_t size) {
  return size >= sizeof kLegacyMagic && std::memcmp(data, kLegacyMagic, sizeof kLegacyMagic) == 0;
}

PytorchTensors parse_pytorch_legacy(const std::byte* data, std::uint64_t size, const std::string& file) {
  constexpr std::int64_t kProtocol = 1001;
  ByteCursor cursor(data, size, kPytorchFormat, file);
  if (!is_legacy_pytorch(data, size)) cursor.fail("the file does not begin with PyTorch's magic number");
  cursor.seek(sizeof kLegacyMagic, "the protocol");
  const Pickle protocol = run_pickle(cursor);
  if (!protocol.is_integer(protocol.root()) || protocol.integer(protocol.root()) != kProtocol)
    cursor.fail_at(protocol.position(protocol.root()), "the protocol is not 1001");
  check_machine(run_pickle(cursor), file);
  const Pickle object = run_pickle(cursor);
  const Pickle keys = run_pickle(cursor);
  LegacyStorages storages(object, file);
  storages.read(keys, cursor);
  return pytorch_tensors(
      object, [&](const PytorchStorage& storage) { return storages.find(storage); }, file, size);
}

}  // namespace candor::io
