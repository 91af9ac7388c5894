// What was copied is read back under its name; a wrong byte or a missing tensor is told.
#include "convert/copied_tensors.h"

#include "candor/error.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using convert_internal::OutputKind;
using testing::error_text;
using testing::f32_tensor;
using testing::TemporaryFolder;

TEST(CopiedTensors, AreComparedWithTheSource) {
  const TemporaryFolder folder;
  const std::string path =
      testing::write_safetensors(folder.path("x.safetensors"), {f32_tensor("a", {1, 2}), f32_tensor("empty", {})});
  const std::string good = testing::raw<float>({1, 2}), bad = testing::raw<float>({1, 3});
  convert_internal::CopiedTensors copied;
  copied.verify("/there/is/nothing/to/open", OutputKind::safetensors, nullptr);
  copied.add("empty");
  copied.add("a").add(good.data(), 3);
  copied.add("a").add(good.data() + 3, 5);
  copied.verify(path, OutputKind::safetensors, nullptr);
  convert_internal::CopiedTensors wrong = copied;
  wrong.add("a").add(bad.data(), 1);
  EXPECT_NE(error_text<IoError>([&] {
              wrong.verify(path, OutputKind::safetensors, nullptr);
            }).find("'a' does not read back with the bytes"),
            std::string::npos);
  convert_internal::CopiedTensors other;
  other.add("a").add(bad.data(), bad.size());
  EXPECT_NE(error_text<IoError>([&] { other.verify(path, OutputKind::safetensors, nullptr); }).find(path),
            std::string::npos);
  copied.add("b");
  EXPECT_NE(error_text<IoError>([&] {
              copied.verify(path, OutputKind::safetensors, nullptr);
            }).find("'b' is not in what was written"),
            std::string::npos);
}

// A disk that gives back another header: whoever reads the text must not look for a fault of a format.
TEST(CopiedTensors, AFileThatCannotBeReadIsAFailureOfTheDisk) {
  const TemporaryFolder folder;
  const std::string path = folder.put("x.safetensors", "damaged, and none of ours");
  convert_internal::CopiedTensors copied;
  copied.add("a");
  const std::string text = error_text<IoError>([&] { copied.verify(path, OutputKind::safetensors, nullptr); });
  EXPECT_NE(text.find("convert: " + path + ": what was written cannot be read (safetensors: "), std::string::npos)
      << text;
  EXPECT_NE(text.find("nothing was replaced: the disk may be failing"), std::string::npos) << text;
}

TEST(CopiedTensors, OnlyANpyHasNoNamesOfItsOwn) {
  const TemporaryFolder folder;
  const std::string path = testing::write_safetensors(folder.path("x.safetensors"), {f32_tensor("a", {1})});
  const std::string bytes = testing::raw<float>({1});
  convert_internal::CopiedTensors copied;
  copied.add("b").add(bytes.data(), bytes.size());
  copied.verify(path, OutputKind::npy, nullptr);
  error_text<IoError>([&] { copied.verify(path, OutputKind::npz, nullptr); });
}

}  // namespace
}  // namespace candor
