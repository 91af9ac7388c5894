// A .pt file names nothing but rebuild functions, storages and dtypes of torch, in the records that torch.save()
// writes.
#include <gmock/gmock.h>

#include <set>

#include "io/pickle.h"
#include "io/pickle_writer.h"
#include "io/zip_directory.h"
#include "tests/io/written_tensors.h"

namespace candor::io {
namespace {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAre;
using testing::written_tensor;

const std::byte* data_of(const std::string& bytes) { return reinterpret_cast<const std::byte*>(bytes.data()); }

struct File {
  explicit File(const std::vector<testing::WrittenTensor>& tensors) {
    const testing::TemporaryFolder folder;
    testing::write_checkpoint(folder.path("x.pt"), tensors);
    bytes = testing::read_bytes(folder.path("x.pt"));
    zip = parse_zip(data_of(bytes), bytes.size(), "x.pt");
  }
  std::string content(const std::string& name) const {
    const ZipEntry* entry = zip.find(name);
    return entry == nullptr ? "no such record" : bytes.substr(entry->offset, entry->bytes);
  }
  std::string bytes;
  ZipDirectory zip;
};

std::set<std::string> symbols_in(const std::string& bytes) {
  ByteCursor cursor(data_of(bytes), bytes.size(), "pickle", "x");
  const Pickle pickle = run_pickle(cursor);
  EXPECT_EQ(cursor.remaining(), 0u);
  std::set<std::string> symbols;
  for (PickleId id = 0; id < pickle.size(); ++id)
    if (pickle.kind(id) == PickleKind::symbol) symbols.insert(pickle.symbol(id));
  return symbols;
}

TEST(PytorchWriter, RecordsAreThoseOfTorchSave) {
  const File file({written_tensor("a", DType::bf16, {2, 3}), written_tensor("b", DType::u16, {})});
  std::vector<std::string> names;
  for (const ZipEntry& entry : file.zip.entries) names.push_back(entry.name);
  EXPECT_THAT(names, ElementsAre("archive/data.pkl", "archive/.format_version", "archive/.storage_alignment",
                                 "archive/byteorder", "archive/data/0", "archive/data/1", "archive/candor.json",
                                 "archive/version"));
  EXPECT_EQ(file.content("archive/byteorder"), "little");
  EXPECT_EQ(file.content("archive/version"), "3\n");
  EXPECT_EQ(file.content("archive/.storage_alignment"), "64");
  EXPECT_EQ(file.content("archive/data/0"), written_tensor("a", DType::bf16, {2, 3}).bytes);
}

TEST(PytorchWriter, ThePickleNamesTorchsOwnSymbolsOnly) {
  const File typed({written_tensor("a", DType::bf16, {2, 3}), written_tensor("b", DType::f32, {})});
  EXPECT_THAT(symbols_in(typed.content("archive/data.pkl")),
              UnorderedElementsAre("collections.OrderedDict", "torch._utils._rebuild_tensor_v2",
                                   "torch.BFloat16Storage", "torch.FloatStorage"));
  const File untyped({written_tensor("a", DType::f8_e4m3, {2})});
  EXPECT_THAT(symbols_in(untyped.content("archive/data.pkl")),
              UnorderedElementsAre("collections.OrderedDict", "torch._utils._rebuild_tensor_v3",
                                   "torch.storage.UntypedStorage", "torch.float8_e4m3fn"));
}

TEST(PytorchWriter, OneTensorIsThesePickledBytes) {
  const File file({written_tensor("w", DType::bf16, {300, 2})});
  constexpr char kPickle[] =
      "\x80\x02}(X\1\0\0\0w"
      "ctorch._utils\n_rebuild_tensor_v2\nq\0("
      "(X\7\0\0\0storageq\1ctorch\nBFloat16Storage\nq\2X\1\0\0\0"
      "0X\3\0\0\0cpuq\3MX\2tQ"
      "K\0(M\x2c\1K\2t(K\2K\1t\x89"
      "ccollections\nOrderedDict\nq\4)RtRu.";
  EXPECT_EQ(file.content("archive/data.pkl"), std::string(kPickle, sizeof kPickle - 1));
}

TEST(PytorchWriter, StridesOfEmptyTensorsAreTorchs) {
  const File file({written_tensor("w", DType::f32, {2, 0, 4})});
  constexpr char kExtents[] = "(K\2K\0K\4t(K\4K\4K\1t";  // torch.empty(2, 0, 4).stride() is (4, 4, 1)
  EXPECT_THAT(file.content("archive/data.pkl"), ::testing::HasSubstr(std::string(kExtents, sizeof kExtents - 1)));
}

TEST(PickleWriter, IntegersOfAllSizesAreReadBack) {
  PickleWriter writer;
  const std::uint64_t values[] = {0, 255, 256, 65535, 65536, INT32_MAX, std::uint64_t{INT32_MAX} + 1, INT64_MAX};
  writer.mark();
  for (const std::uint64_t value : values) writer.integer(value);
  writer.tuple();
  const std::string bytes = writer.finish();
  ByteCursor cursor(data_of(bytes), bytes.size(), "pickle", "x");
  const Pickle pickle = run_pickle(cursor);
  const auto items = pickle.items(pickle.root());
  ASSERT_EQ(items.size(), std::size(values));
  for (std::size_t i = 0; i < items.size(); ++i)
    EXPECT_EQ(pickle.integer(items[i]), static_cast<std::int64_t>(values[i]));
}

}  // namespace
}  // namespace candor::io
