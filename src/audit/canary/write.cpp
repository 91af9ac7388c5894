#include "audit/canary/conversion.h"
#include "audit/canary/tensors.h"
#include "candor/canary.h"
#include "candor/io.h"

namespace candor {
namespace {

using audit_internal::CanaryValues;

/// Little-endian, as every format has it.
std::string bytes_of(const CanaryValues& canary) {
  const int width = audit_internal::element_bytes(canary.dtype);
  std::string bytes;
  for (const std::uint32_t bits : canary.bits)
    for (int b = 0; b < width; ++b) bytes += static_cast<char>(bits >> (8 * b) & 0xffu);
  return bytes;
}

}  // namespace

void write_canary(const std::string& path, bool overwrite, const std::atomic<bool>* cancel) {
  std::vector<TensorItem> items;
  for (const CanaryValues& canary : audit_internal::canary_values())
    items.push_back({std::string(canary.name), canary.dtype, canary.shape});
  const std::unique_ptr<CheckpointWriter> writer =
      create_checkpoint(path, std::move(items), {{"candor_canary", "1"}, {"format", "pt"}}, overwrite);
  for (const TensorItem& item : writer->order())
    for (const CanaryValues& canary : audit_internal::canary_values())
      if (canary.name == item.name) {
        const std::string bytes = bytes_of(canary);
        writer->write(bytes.data(), bytes.size());
      }
  writer->finish(cancel);
}

}  // namespace candor
