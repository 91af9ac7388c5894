// What was copied is read back under its name; a wrong byte or a missing tensor is told.
#include "convert/copied_tensors.h"

#include "candor/error.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::error_text;
using testing::f32_tensor;
using testing::TemporaryFolder;

TEST(CopiedTensors, AreComparedWithTheSource) {
  const TemporaryFolder folder;
  const std::string path =
      testing::write_safetensors(folder.path("x.safetensors"), {f32_tensor("a", {1, 2}), f32_tensor("empty", {})});
  const std::string good = testing::raw<float>({1, 2}), bad = testing::raw<float>({1, 3});
  convert_internal::CopiedTensors copied;
  copied.verify("/there/is/nothing/to/open", nullptr);
  copied.add("empty");
  copied.add("a").add(good.data(), 3);
  copied.add("a").add(good.data() + 3, 5);
  copied.verify(path, nullptr);
  convert_internal::CopiedTensors wrong = copied;
  wrong.add("a").add(bad.data(), 1);
  EXPECT_NE(error_text<IoError>([&] { wrong.verify(path, nullptr); }).find("'a' does not read back with the bytes"),
            std::string::npos);
  convert_internal::CopiedTensors other;
  other.add("a").add(bad.data(), bad.size());
  EXPECT_NE(error_text<IoError>([&] { other.verify(path, nullptr); }).find(path), std::string::npos);
  copied.add("b");
  EXPECT_NE(error_text<IoError>([&] { copied.verify(path, nullptr); }).find("'b' is not in what was written"),
            std::string::npos);
}

}  // namespace
}  // namespace candor
