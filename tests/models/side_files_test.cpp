// The files beside the tensors when they are not what they should be: each error names the file, nothing waits.
#include <gmock/gmock.h>

#include <sys/stat.h>

#include "candor/error.h"
#include "tests/models/golden_model.h"

namespace candor::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

const char* const kConfigs[] = {"config.json", "generation_config.json"};

template <class E>
std::string load_error(const ModelCopy& copy) {
  return error_text<E>([&] { load(copy.path(), "bf16"); });
}

TEST(SideFileTest, AFolderIsNotAFile) {
  for (const char* name : kConfigs) {
    const ModelCopy copy("gqa_tied");
    copy.remove(name);
    std::filesystem::create_directory(copy.file(name));
    EXPECT_THAT(load_error<IoError>(copy), AllOf(HasSubstr(copy.file(name)), HasSubstr("not a regular file")));
  }
}

TEST(SideFileTest, APipeIsRefusedAndNotWaitedFor) {
  for (const char* name : kConfigs) {
    const ModelCopy copy("gqa_tied");
    copy.remove(name);
    ASSERT_EQ(mkfifo(copy.file(name).c_str(), 0600), 0);
    EXPECT_THAT(load_error<IoError>(copy), AllOf(HasSubstr(copy.file(name)), HasSubstr("not a regular file")));
  }
}

TEST(SideFileTest, ADanglingLinkIsNotAnAbsence) {
  const ModelCopy copy("gqa_tied");
  std::filesystem::create_symlink("nowhere", copy.file("generation_config.json"));
  EXPECT_THAT(load_error<IoError>(copy), HasSubstr(copy.file("generation_config.json")));
}

// Root may read everything: for a while, be somebody else.
class AsNobody {
 public:
  AsNobody() {
    if (before_ == 0) changed_ = seteuid(65534) == 0;
  }
  ~AsNobody() {
    if (changed_ && seteuid(before_) != 0) ADD_FAILURE() << "cannot become root again";
  }

 private:
  const uid_t before_ = geteuid();
  bool changed_ = false;
};

TEST(SideFileTest, AFileThatMayNotBeReadIsNotAnAbsence) {
  namespace fs = std::filesystem;
  for (const char* name : kConfigs) {
    const ModelCopy copy("gqa_tied");
    copy.write(name, "{}");
    for (const fs::directory_entry& entry : fs::directory_iterator(copy.path()))
      fs::permissions(entry.path(), fs::perms::others_read, fs::perm_options::add);
    fs::permissions(copy.file(name), fs::perms::none);
    const AsNobody nobody;
    if (geteuid() == 0) GTEST_SKIP() << "root may read everything";
    EXPECT_THAT(load_error<IoError>(copy), AllOf(HasSubstr(copy.file(name)), HasSubstr("Permission denied")));
  }
}

TEST(SideFileTest, AFileOfImpossibleSizeIsNotRead) {
  const ModelCopy copy("gqa_tied");
  std::filesystem::resize_file(copy.file("config.json"), std::uint64_t{1} << 40);  // a hole: takes no space
  EXPECT_THAT(load_error<IoError>(copy), AllOf(HasSubstr(copy.file("config.json")), HasSubstr("at most")));
}

TEST(SideFileTest, JsonIsReadStrictly) {
  const std::pair<std::string, const char*> broken[] = {
      {"{\"eos_token_id\": 1e999}", "1e999"},
      {"{\"eos_token_id\": 2, \"eos_token_id\": 3}", "'eos_token_id' appears twice"},
      {std::string("{}\0{", 4), "NUL"},
      {"", "not valid JSON"},
      {"{\"eos_token_id\": [2,]}", "not valid JSON"}};
  for (const char* name : kConfigs)
    for (const auto& [text, said] : broken) {
      const ModelCopy copy("gqa_tied");
      copy.write(name, text);
      EXPECT_THAT(load_error<FormatError>(copy), AllOf(HasSubstr(copy.file(name)), HasSubstr(said)));
    }
}

TEST(SideFileTest, TheModelListsItsFilesAndNoOthers) {
  const ModelCopy copy("gqa_tied");
  copy.write("logits.npy", "of an earlier run");
  copy.write("merges.txt", "");
  for (const std::string& path : {copy.path(), copy.file("model.safetensors")})
    EXPECT_THAT(load(path, "bf16").info().files,
                ::testing::UnorderedElementsAre(copy.file("model.safetensors"), copy.file("config.json"),
                                                copy.file("tokenizer.json"), copy.file("tokenizer_config.json"),
                                                copy.file("merges.txt")));
  EXPECT_EQ(load(golden_path("blocks.gguf"), "auto").info().files,
            std::vector<std::string>{golden_path("blocks.gguf")});
}

TEST(SideFileTest, TypesThatNoWeightHas) {
  const ModelCopy copy("gqa_tied");
  std::fstream file(copy.file("model.safetensors"), std::ios::binary | std::ios::in | std::ios::out);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::size_t at = bytes.find("BF16", bytes.find("\"model.norm.weight\""));
  ASSERT_NE(at, std::string::npos);
  file.clear();
  file.seekp(static_cast<std::streamoff>(at));
  file << "FP12";  // no dtype of the format
  file.close();
  EXPECT_THAT(load_error<FormatError>(copy),
              AllOf(HasSubstr(copy.file("model.safetensors")), HasSubstr("'model.norm.weight'"), HasSubstr("'FP12'"),
                    HasSubstr("bf16, f16 or f32")));
}

}  // namespace
}  // namespace candor::test
