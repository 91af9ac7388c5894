// Which files a path stands for.
#include <sys/stat.h>

#include "candor/error.h"
#include "candor/io.h"
#include "io/strict_json.h"
#include "tests/io/file_builders.h"

namespace candor {
namespace {

using testing::error_text;
using testing::safetensors_bytes;
using testing::TemporaryFolder;

const std::string kOneByte = safetensors_bytes(R"({"x":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", "!");

TEST(Checkpoint, OpensFoldersWithOneFileOfAnyName) {
  const TemporaryFolder folder;
  folder.put("diffusion.safetensors", kOneByte);
  EXPECT_EQ(Checkpoint::open(folder.folder().string()).tensors().size(), 1u);
  folder.put("other.safetensors", kOneByte);
  const std::string text = error_text<IoError>([&] { Checkpoint::open(folder.folder().string()); });
  EXPECT_NE(text.find("2 .safetensors files"), std::string::npos) << text;
  folder.put("model.safetensors", kOneByte);
  EXPECT_EQ(Checkpoint::open(folder.folder().string()).files().front(), folder.path("model.safetensors"));
}

TEST(Checkpoint, MissingThingsAreNamed) {
  const TemporaryFolder folder;
  EXPECT_NE(error_text<IoError>([&] { Checkpoint::open(folder.folder().string()); }).find("no .safetensors"),
            std::string::npos);
  const std::string absent = error_text<IoError>([&] { Checkpoint::open(folder.path("absent.gguf")); });
  EXPECT_NE(absent.find("absent.gguf: No such file or directory; check the path"), std::string::npos) << absent;
  EXPECT_NE(error_text<IoError>([&] { Checkpoint::open("/dev/null"); }).find("/dev/null"), std::string::npos);
}

// Nobody writes the pipe: opening it must not wait for somebody.
TEST(Checkpoint, APipeIsRefusedAtOnce) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo(folder.path("pipe").c_str(), 0600), 0);
  const std::string text = error_text<IoError>([&] { Checkpoint::open(folder.path("pipe")); });
  EXPECT_NE(text.find("pipe: is not a regular file; "), std::string::npos) << text;
  EXPECT_NE(error_text<IoError>([&] { io::read_text_file(folder.path("pipe")); }).find("not a regular file"),
            std::string::npos);
}

// The bytes decide, not the name; a file called .gguf must be one.
TEST(Checkpoint, FormatComesFromTheBytes) {
  const TemporaryFolder folder;
  folder.put("model.safetensors", testing::GgufBytes{}.bytes());
  EXPECT_EQ(Checkpoint::open(folder.path("model.safetensors")).format(), CheckpointFormat::gguf);
  folder.put("model.gguf", kOneByte);
  EXPECT_NE(error_text<FormatError>([&] { Checkpoint::open(folder.path("model.gguf")); }).find("'GGUF'"),
            std::string::npos);
}

TEST(Checkpoint, RankBeyondTensorsIsListedAndRefused) {
  const TemporaryFolder folder;
  const std::string path =
      folder.put("r.safetensors",
                 safetensors_bytes(R"({"x":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}})", "!"));
  const Checkpoint file = Checkpoint::open(path);
  EXPECT_EQ(file.tensors()[0].shape.size(), 9u);
  EXPECT_NE(error_text<FormatError>([&] { file.tensor("x"); }).find("more than 8 dimensions"), std::string::npos);
}

}  // namespace
}  // namespace candor
