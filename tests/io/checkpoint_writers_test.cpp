// create_checkpoint(): what every format must do, and what each refuses.
#include <gmock/gmock.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <chrono>
#include <numeric>

#include "candor/error.h"
#include "tests/io/written_tensors.h"

namespace candor {
namespace {

using testing::bytes_of;
using ::testing::ElementsAre;
using testing::error_text;
using testing::every_dtype;
using testing::expect_read_back;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::write_checkpoint;
using testing::written_tensor;
using testing::WrittenTensor;

class Archive : public ::testing::TestWithParam<const char*> {
 protected:
  std::string path(const std::string& stem = "x") const { return folder_.path(stem + GetParam()); }
  std::string refusal(std::vector<TensorItem> items) const {
    const std::string text = error_text<FormatError>([&] { create_checkpoint(path(), items, {}, false); });
    EXPECT_THAT(folder_.names(), IsEmpty());
    return text;
  }
  TemporaryFolder folder_;
};

TEST_P(Archive, KeepsEveryDtypeBitForBit) {
  std::vector<WrittenTensor> tensors = every_dtype();
  tensors.push_back(testing::every_bf16_code());
  write_checkpoint(path(), tensors);
  const Checkpoint found = Checkpoint::open(path());
  expect_read_back(found, tensors);
  EXPECT_TRUE(found.unknown_symbols().empty());
  const auto& metadata = found.safetensors_metadata();
  EXPECT_EQ((std::map<std::string, std::string>{metadata.begin(), metadata.end()}), testing::kWrittenMetadata);
  for (const TensorEntry& entry : found.tensors()) EXPECT_EQ(entry.offset % 64, 0u) << entry.name;
}

TEST_P(Archive, TheSameTensorsGiveTheSameBytesUnderAnyName) {
  write_checkpoint(path("x"), every_dtype());
  write_checkpoint(path("another"), every_dtype());
  EXPECT_TRUE(read_bytes(path("x")) == read_bytes(path("another")));
}

TEST_P(Archive, GoldenFilesAreWhatIsWritten) {
  write_checkpoint(path(), every_dtype());
  const std::string golden = std::string(CANDOR_SOURCE_DIR) + "/tests/io/golden/written" + GetParam();
  EXPECT_TRUE(read_bytes(path()) == read_bytes(golden))
      << "and tests/peer/check_written_files.py must read the new one";
}

TEST_P(Archive, MayBeEmptyOfTensorsAndOfMetadata) {
  create_checkpoint(path(), {}, {}, false)->finish();
  EXPECT_THAT(read_bytes(path()), ::testing::Not(HasSubstr("candor.json")));
  EXPECT_THAT(Checkpoint::open(path()).tensors(), IsEmpty());
}

TEST_P(Archive, NamesArePlainText) {
  std::vector<WrittenTensor> tensors;
  for (const char* name : {"a", "model.layers.0.w", "x/y", "\u00e9\u4e2d", "it's \"quoted\"", "line\nline", "a..b", " ",
                           "scope/kernel:0", "x.npy.y", "candor", "data.pkl"})
    tensors.push_back(written_tensor(name, DType::bf16, {2}));
  write_checkpoint(path(), tensors);
  expect_read_back(Checkpoint::open(path()), tensors);
}

TEST_P(Archive, RefusesWhatItCannotHold) {
  EXPECT_THAT(refusal({{"a", DType::q8_0, {32}}}), HasSubstr("'a' is of dtype q8_0"));
  EXPECT_THAT(refusal({{"a", DType::f4_e2m1, {2}}}), HasSubstr("f4_e2m1"));
  EXPECT_THAT(refusal({{"a", DType::any, {2}}}), HasSubstr("any"));
  EXPECT_THAT(refusal({{"a", DType::f32, {2}}, {"a", DType::f32, {2}}}), HasSubstr("twice"));
  EXPECT_THAT(refusal({{"a", DType::f32, {-1}}}), HasSubstr("[-1]"));
  EXPECT_THAT(refusal({{"a", DType::f32, {std::int64_t{1} << 62}}}), HasSubstr("bytes"));
  EXPECT_THAT(refusal({{"a", DType::u8, {INT64_MAX}}, {"b", DType::u8, {INT64_MAX}}}), HasSubstr("beyond 2^62"));
  EXPECT_THAT(refusal({{"a", DType::f32, std::vector<std::int64_t>(65, 1)}}), HasSubstr("65 dimensions"));
  EXPECT_THAT(refusal({{std::string("a\0b", 3), DType::f32, {}}}), HasSubstr("NUL"));
  EXPECT_THAT(refusal({{"\xff", DType::f32, {}}}), HasSubstr("UTF-8"));
  EXPECT_THAT(refusal({{std::string(5000, 'n'), DType::f32, {}}}), HasSubstr("5000 bytes"));
  const std::map<std::string, std::string> binary = {{"k", "\xff"}};
  EXPECT_THAT(error_text<FormatError>([&] { create_checkpoint(path(), {}, binary, false); }), HasSubstr("metadata"));
}

TEST_P(Archive, AnExistingFileIsReplacedOnlyWhenAllowed) {
  folder_.put(std::string("x") + GetParam(), "old");
  EXPECT_THAT(error_text<IoError>([&] { write_checkpoint(path(), every_dtype()); }), HasSubstr("exists"));
  EXPECT_EQ(read_bytes(path()), "old");
  write_checkpoint(path(), every_dtype(), true);
  expect_read_back(Checkpoint::open(path()), every_dtype());
}

TEST_P(Archive, NothingIsLeftOfAWriterThatDidNotFinish) {
  const std::vector<TensorItem> items = {{"a", DType::bf16, {2, 2}}};
  {
    const auto writer = create_checkpoint(path(), items, {}, false);
    writer->write("1234", 4);
    EXPECT_THAT(error_text<Error>([&] { writer->finish(); }), HasSubstr("4 of 8 bytes"));
    EXPECT_THAT(error_text<Error>([&] { writer->write("123456", 6); }), HasSubstr("more than the tensors declared"));
  }
  const std::atomic<bool> cancel{true};
  {
    const auto writer = create_checkpoint(path(), items, {}, false);
    writer->write("12345678", 8);
    error_text<Cancelled>([&] { writer->finish(&cancel); });
  }
  EXPECT_THAT(folder_.names(), IsEmpty());
}

TEST_P(Archive, AFullDiskIsOneSentenceAndNoFile) {
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_checkpoint(path(), {written_tensor("x", DType::u8, {3 << 20})});
    } catch (const IoError& error) {
      ::_exit(std::string(error.what()).find("cannot write byte") != std::string::npos ? 5 : 6);
    }
    ::_exit(7);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 5);
  EXPECT_THAT(folder_.names(), IsEmpty());
}

double seconds_to_write(const std::string& path, int count) {
  std::vector<TensorItem> items;
  for (int i = 0; i < count; ++i) items.push_back({"layer." + std::to_string(i), DType::bf16, {1}});
  const auto begin = std::chrono::steady_clock::now();
  const auto writer = create_checkpoint(path, std::move(items), {}, true);
  for (int i = 0; i < count; ++i) writer->write("\x80\x3f", 2);
  writer->finish();
  EXPECT_EQ(Checkpoint::open(path).tensors().size(), static_cast<std::size_t>(count));
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Ten times as many take ten times as long, not a hundred times; more than 65535 entries need ZIP64's end record.
TEST_P(Archive, AHundredThousandTensorsTakeLinearTime) {
  seconds_to_write(path(), 100);  // what only the first call pays
  const double few = seconds_to_write(path(), 10000), many = seconds_to_write(path(), 100000);
  EXPECT_LT(many, 40 * few + 0.5);
}

INSTANTIATE_TEST_SUITE_P(Formats, Archive, ::testing::Values(".npz", ".pt"),
                         [](const auto& instance) { return std::string(instance.param).substr(1); });

TEST(CreateCheckpoint, TheSuffixNamesTheFormat) {
  const TemporaryFolder folder;
  for (const std::string_view suffix : checkpoint_suffixes()) {
    const std::string path = folder.path("x" + std::string(suffix));
    const WrittenTensor tensor = written_tensor("x", DType::bf16, {2, 3});
    write_checkpoint(path, {tensor});
    expect_read_back(Checkpoint::open(path), {tensor});
  }
  const std::string text = error_text<FormatError>([&] { create_checkpoint(folder.path("x.h5"), {}, {}, false); });
  for (const std::string_view suffix : checkpoint_suffixes()) EXPECT_THAT(text, HasSubstr(std::string(suffix)));
}

TEST(CreateCheckpoint, AFinishedFileIsLookedAtBeforeItTakesItsPlace) {
  for (const std::string_view suffix : checkpoint_suffixes()) {
    const TemporaryFolder folder;
    const std::string name = "x" + std::string(suffix);
    folder.put(name, "old");
    const WrittenTensor tensor = written_tensor("x", DType::f32, {2, 3});
    const auto writer = create_checkpoint(folder.path(name), {tensor.item}, {}, true);
    writer->write(tensor.bytes.data(), tensor.bytes.size());
    const auto check = [&](const std::string& temporary) {
      EXPECT_EQ(read_bytes(folder.path(name)), "old");
      const Checkpoint written = Checkpoint::open(temporary);
      ASSERT_EQ(written.tensors().size(), 1u) << name;
      EXPECT_EQ(bytes_of(written, written.tensors().front()), tensor.bytes) << name;
      throw IoError("not good");
    };
    EXPECT_EQ(error_text<IoError>([&] { writer->finish(nullptr, check); }), "not good") << name;
    EXPECT_EQ(read_bytes(folder.path(name)), "old");
  }
}

TEST(CreateCheckpoint, NpzNamesStayInsideAFolderAndTellMembersApart) {
  const TemporaryFolder folder;
  for (const char* name :
       {"", "/etc/x", "../x", "a/../x", "..", "a/..", "a/./b", "a\\b", "C:x", "a.npy", "candor.json"})
    error_text<FormatError>([&] { create_checkpoint(folder.path("x.npz"), {{name, DType::f32, {}}}, {}, false); });
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(CreateCheckpoint, PtNamesAreKeysOfADict) {
  const TemporaryFolder folder;
  std::vector<WrittenTensor> tensors;
  for (const char* name : {"/etc/x", "../x", "a\\b", "a.npy", "candor.json", "a.b.c", "0"})
    tensors.push_back(written_tensor(name, DType::f8_e4m3, {2}));
  write_checkpoint(folder.path("x.pt"), tensors);
  expect_read_back(Checkpoint::open(folder.path("x.pt")), tensors);
}

}  // namespace
}  // namespace candor
