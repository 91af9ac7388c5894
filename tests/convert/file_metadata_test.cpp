// What a converted file says of itself: the source's strings, and the history of dtypes and roundings.
#include "candor/convert.h"
#include "tests/convert/checkpoints.h"

namespace candor {
namespace {

using testing::TemporaryFolder;
using testing::to;

using Strings = std::map<std::string, std::string, std::less<>>;

std::string write_with(const std::string& path, const std::map<std::string, std::string>& metadata) {
  SafetensorsWriter writer(path, {{"x", DType::f32, {2}}}, metadata, true);
  const float values[] = {1.0f, 0.1f};
  writer.write(values, sizeof values);
  writer.finish();
  return path;
}

Strings metadata_of(const std::string& path) { return Checkpoint::open(path).safetensors_metadata(); }

TEST(FileMetadata, StringsOfTheSourceGoAlong) {
  const TemporaryFolder folder;
  const std::string input = write_with(folder.path("in.safetensors"), {{"format", "mlx"}, {"ss_network_dim", "32"}});
  for (const char* name : {"o.safetensors", "o.npz", "o.pt"}) {
    convert(input, folder.path(name), to(DType::bf16));
    const Strings found = metadata_of(folder.path(name));
    EXPECT_EQ(found.at("ss_network_dim"), "32") << name;
    EXPECT_EQ(found.at("format"), "mlx") << name;
    EXPECT_EQ(found.at("candor.source_dtypes"), "f32: 1") << name;
  }
  convert(input, folder.path("o.gguf"), to(DType::bf16));
  const GgufMetadata gguf = Checkpoint::open(folder.path("o.gguf")).gguf();
  EXPECT_EQ(gguf.find("ss_network_dim"), nullptr);
  EXPECT_EQ(gguf.string("candor.source_dtypes"), "f32: 1");
}

TEST(FileMetadata, AnEarlierConversionIsNotForgotten) {
  const TemporaryFolder folder;
  const std::string input = write_with(folder.path("in.safetensors"), {});
  convert(input, folder.path("a.gguf"), to(DType::f32));
  convert(folder.path("a.gguf"), folder.path("b.safetensors"), to(DType::bf16));
  convert(folder.path("b.safetensors"), folder.path("c.npz"), to(DType::any));  // a copy adds nothing
  convert(folder.path("c.npz"), folder.path("d.pt"), to(DType::f32));
  EXPECT_EQ(metadata_of(folder.path("c.npz")).at("candor.source_dtypes"), "f32: 1 -> f32: 1");
  const Strings found = metadata_of(folder.path("d.pt"));
  EXPECT_EQ(found.at("candor.source_dtypes"), "f32: 1 -> f32: 1 -> bf16: 1");
  const std::string nearest = "nearest, ties to even; one rounding";
  EXPECT_EQ(found.at("candor.rounding"), nearest + " -> " + nearest + " -> " + nearest);
}

}  // namespace
}  // namespace candor
