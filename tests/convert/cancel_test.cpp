// Cancelling and abrupt ends: no output, no temporary files, the old result as it was.
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "candor/convert.h"
#include "candor/error.h"
#include "candor/machine.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::error_text;
using testing::f32_tensor;
using testing::TemporaryFolder;
using testing::to;
using testing::write_safetensors;

std::string large_input(const TemporaryFolder& folder) {
  return write_safetensors(folder.path("in.safetensors"), {f32_tensor("x", std::vector<float>(3 << 20, 1.0f))});
}

class CancelAt : public ::testing::TestWithParam<std::pair<const char*, std::uint64_t>> {};

TEST_P(CancelAt, LeavesNothingBehind) {
  for (const std::string name : {"out", "out.safetensors"}) {
    const TemporaryFolder folder;
    const std::string input = large_input(folder);
    std::atomic<bool> cancel{false};
    ConvertOptions options = to(DType::bf16);
    options.cancel = &cancel;
    options.progress = [&](const Progress& progress) {
      EXPECT_LE(progress.done, progress.total);
      if (progress.what == GetParam().first && progress.done >= GetParam().second) cancel = true;
    };
    error_text<Cancelled>([&] { convert(input, folder.path(name), options); });
    EXPECT_EQ(folder.names(), std::vector<std::string>{"in.safetensors"});
  }
}

INSTANTIATE_TEST_SUITE_P(Moments, CancelAt,
                         ::testing::Values(std::pair{"checking", std::uint64_t{0}},
                                           std::pair{"checking", std::uint64_t{4} << 20},
                                           std::pair{"converting", std::uint64_t{0}},
                                           std::pair{"converting", std::uint64_t{4} << 20},
                                           // all is written: the file is flushed, read back and renamed yet
                                           std::pair{"converting", std::uint64_t{12} << 20}));

/// A forked child has no worker threads: while this lives, ops run in the calling thread.
class OneThread {
 public:
  OneThread() : before_(threads()) { set_threads(1); }
  ~OneThread() { set_threads(before_); }

 private:
  int before_;
};

TEST(Cancel, ASignalHandlerRemovesTheTemporaryFolder) {
  const TemporaryFolder folder;
  const std::string input = large_input(folder);
  const OneThread one_thread;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGTERM, [](int) {
      remove_temporary_files();
      ::_exit(7);
    });
    ConvertOptions options = to(DType::bf16);
    options.progress = [](const Progress& progress) {
      if (progress.what == "converting" && progress.done > 0) ::raise(SIGTERM);
    };
    convert(input, folder.path("out"), options);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 7);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"in.safetensors"});
}

TEST(Cancel, AFullDiskLeavesTheOldFolder) {
  const TemporaryFolder folder;
  convert(write_safetensors(folder.path("old.safetensors"), {f32_tensor("x", {5.0f})}), folder.path("out"),
          to(DType::bf16));
  const std::string input = large_input(folder);
  const OneThread one_thread;
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit limit{1 << 20, 1 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    ConvertOptions options = to(DType::bf16);
    options.overwrite = true;
    try {
      convert(input, folder.path("out"), options);
    } catch (const IoError& error) {
      const std::string text = error.what();
      const bool named = text.find(folder.path("out/model.safetensors: cannot write byte")) != std::string::npos;
      ::_exit(named ? 5 : 6);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 5);
  EXPECT_EQ(Checkpoint::open(folder.path("out")).tensor("x").to_f32(), std::vector<float>{5.0f});
  EXPECT_EQ(folder.names().size(), 3u);  // the two inputs and the old folder
}

}  // namespace
}  // namespace candor
