// A suffix that io writes and this table does not know would be a folder: OutputKind.KnowsEverySuffixThatIsWritten.
#include "convert/output_kind.h"

#include <string_view>

namespace candor::convert_internal {
namespace {

constexpr struct {
  std::string_view suffix;
  OutputKind kind;
} kSuffixes[] = {{".safetensors", OutputKind::safetensors},
                 {".gguf", OutputKind::gguf},
                 {".npy", OutputKind::npy},
                 {".npz", OutputKind::npz},
                 {".pt", OutputKind::pytorch},
                 {".pth", OutputKind::pytorch},
                 {".bin", OutputKind::pytorch},
                 {".ckpt", OutputKind::pytorch}};

}  // namespace

OutputKind output_kind(const std::string& output) {
  for (const auto& row : kSuffixes)
    if (output.ends_with(row.suffix)) return row.kind;
  return OutputKind::folder;
}

std::string single_file_suffixes() {
  std::string text;
  for (const auto& row : kSuffixes) text += (text.empty() ? "" : ", ") + std::string(row.suffix);
  return text;
}

}  // namespace candor::convert_internal
