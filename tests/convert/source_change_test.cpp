// A source that somebody writes to while it is read: nothing takes the old output's place.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

#include "candor/convert.h"
#include "candor/error.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::error_text;
using testing::f32_tensor;
using testing::read_bytes;
using testing::to;

constexpr std::uint64_t kElements = 3 << 19;  // several pieces of a conversion

class SourceChange : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_safetensors(input_, {f32_tensor("x", std::vector<float>(kElements, 1.0f))});
    // Written long ago: a clock that ticks slowly shows the difference all the same.
    const timespec past[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
    ASSERT_EQ(::utimensat(AT_FDCWD, input_.c_str(), past, 0), 0);
  }

  /// Options under which `change` happens once, in the middle of `phase`.
  ConvertOptions changing(DType dtype, std::string_view phase, std::function<void()> change) const {
    ConvertOptions options = to(dtype);
    options.overwrite = true;
    options.progress = [=, done = false](const Progress& progress) mutable {
      if (done || progress.what != phase || progress.done == 0) return;
      done = true;
      change();
    };
    return options;
  }

  /// The last element becomes another, which every narrower dtype makes infinite.
  void write_over() const {
    const float large = 3.4028235e38f;
    const int file = ::open(input_.c_str(), O_WRONLY | O_CLOEXEC);
    ASSERT_EQ(::pwrite(file, &large, sizeof large, static_cast<off_t>(bytes_in() - sizeof large)), 4);
    ::close(file);
  }
  /// Cut inside its last page, which raises no signal.
  void cut() const { ASSERT_EQ(::truncate(input_.c_str(), static_cast<off_t>(bytes_in() - 4)), 0); }

  std::uint64_t bytes_in() const { return std::filesystem::file_size(input_); }

  void expect_refused(const std::string& output, const ConvertOptions& options, const std::string& what) const {
    SCOPED_TRACE(output);
    const std::string text = error_text<IoError>([&] { convert(input_, output, options); });
    EXPECT_NE(text.find("read: " + input_ + ": " + what), std::string::npos) << text;
    EXPECT_NE(text.find("while it was read"), std::string::npos) << text;
  }

  testing::TemporaryFolder folder_;
  std::string input_ = folder_.path("in.safetensors");
};

TEST_F(SourceChange, ATruncationInTheLastPageIsRefused) {
  for (const DType dtype : {DType::bf16 /* all is cast */, DType::any /* all is copied */})
    for (const char* name : {"out.safetensors", "out.gguf", "out.npy", "out.pt", "out.npz"}) {
      SetUp();
      const std::string output = folder_.put(name, "old");
      expect_refused(output, changing(dtype, "converting", [this] { cut(); }), "changed from 6291");
      EXPECT_EQ(read_bytes(output), "old");
    }
  EXPECT_EQ(folder_.names().size(), 6u) << "nothing else is left";
}

TEST_F(SourceChange, AWriteInPlaceIsRefused) {
  for (const DType dtype : {DType::bf16, DType::any}) {
    SetUp();
    const std::string output = folder_.put("out.safetensors", "old");
    expect_refused(output, changing(dtype, "converting", [this] { write_over(); }), "was written to");
    EXPECT_EQ(read_bytes(output), "old");
  }
}

TEST_F(SourceChange, TheOldFolderStays) {
  const std::string output = folder_.path("out");
  convert(testing::write_safetensors(folder_.path("old.safetensors"), {f32_tensor("x", {5.0f})}), output,
          to(DType::bf16));
  expect_refused(output, changing(DType::bf16, "converting", [this] { write_over(); }), "was written to");
  EXPECT_EQ(Checkpoint::open(output).tensor("x").to_f32(), std::vector<float>{5.0f});
  EXPECT_EQ(folder_.names().size(), 3u);
}

// Between the count of what is lost and its end: the count is of neither state.
TEST_F(SourceChange, NothingIsSaidOfItsValues) {
  const std::string output = folder_.path("out.safetensors");
  expect_refused(output, changing(DType::f16, "checking", [this] { write_over(); }), "was written to");
  SetUp();
  const ConvertOptions options = changing(DType::f16, "checking", [this] { write_over(); });
  EXPECT_NE(error_text<IoError>([&] { convert_plan(input_, output, options); }).find("was written to"),
            std::string::npos);
  EXPECT_EQ(folder_.names(), std::vector<std::string>{"in.safetensors"});
}

// A trainer saved while the folder was converted over itself.
TEST_F(SourceChange, WhatTookItsPlaceInTheFolderStays) {
  const std::string output = folder_.path("m");
  std::filesystem::create_directory(output);
  std::filesystem::remove(input_);
  input_ = output + "/model.safetensors";
  for (const char* link : {"", "in.link"}) {
    SetUp();
    const std::string named = *link == '\0' ? input_ : folder_.path(link);
    if (named != input_) std::filesystem::create_symlink(input_, named);
    const auto save = [this] { testing::write_safetensors(input_, {f32_tensor("x", {2.0f})}); };
    const std::string text =
        error_text<IoError>([&] { convert(named, output, changing(DType::bf16, "converting", save)); });
    EXPECT_NE(text.find("m: holds 'model.safetensors', which is not what was read any more"), std::string::npos)
        << text;
    EXPECT_EQ(Checkpoint::open(input_).tensor("x").to_f32(), std::vector<float>{2.0f});
  }
  EXPECT_EQ(folder_.names().size(), 2u) << "nothing temporary is left";
}

TEST_F(SourceChange, WhatHasTheNameAfterwardsIsAnotherFile) {
  const std::string output = folder_.path("out.safetensors");
  const auto replace = [this] {
    testing::write_safetensors(input_, {f32_tensor("x", {2.0f})});  // a rename
  };
  convert(input_, output, changing(DType::bf16, "converting", replace));
  EXPECT_EQ(Checkpoint::open(output).tensor("x").to_f32(), std::vector<float>(kElements, 1.0f));
  SetUp();
  convert(input_, output, changing(DType::bf16, "converting", [this] { std::filesystem::remove(input_); }));
  EXPECT_EQ(Checkpoint::open(output).tensor("x").to_f32(), std::vector<float>(kElements, 1.0f));
}

}  // namespace
}  // namespace candor
