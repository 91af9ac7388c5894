// Where converted tensors go: one file, or a folder that appears whole or not at all.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "convert/plan.h"

namespace candor::convert_internal {

inline constexpr std::uint64_t kShardBytes = 5'000'000'000;  // of tensors in one file of a folder

/// True when `output` names one file.
bool is_single_file(const std::string& output);

/// Refuses what writing would refuse later: an existing output without `overwrite`, a folder that holds other things.
/// errors   IoError
void check_output(const std::string& output, bool overwrite);

/// Writes one tensor's bytes by calls of `write`.
using TensorSource = std::function<void(const TensorPlan& tensor, SafetensorsWriter& writer)>;

/// Writes all tensors of the plan, in the writers' order, and the side files of a folder. Returns the files' paths.
/// errors   IoError; Cancelled (until the last rename); whatever `source` throws; nothing is left behind then
std::vector<std::string> write_output(const Plan& plan, const std::map<std::string, std::string>& metadata,
                                      const std::string& output, bool overwrite, const TensorSource& source,
                                      std::uint64_t shard_bytes = kShardBytes,
                                      const std::atomic<bool>* cancel = nullptr);

}  // namespace candor::convert_internal
