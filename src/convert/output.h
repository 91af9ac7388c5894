// Where converted tensors go: one file, or a folder that appears whole or not at all.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "convert/output_folder.h"
#include "convert/plan.h"

namespace candor::convert_internal {

inline constexpr std::uint64_t kShardBytes = 5'000'000'000;  // of tensors in one file of a folder

/// Refuses what writing would refuse later: an existing output without `overwrite`, a folder that holds other things.
/// `read`: the files of the input. errors: IoError
void check_output(const std::string& output, bool overwrite, const std::vector<InputFile>& read = {});

/// Writes one tensor's bytes by calls of `write`.
using TensorSource = std::function<void(const TensorPlan& tensor, CheckpointWriter& writer)>;

struct Destination {
  std::string output;
  bool overwrite = false;
  std::map<std::string, std::string> metadata;
  std::uint64_t shard_bytes = kShardBytes;
  FileCheck verify = nullptr;        // of what was written, file or folder, before it takes the old one's place
  std::vector<InputFile> read = {};  // the files of the input: a folder with them and others is not replaced
};

/// Writes all tensors of the plan, in the writers' order, and the side files of a folder. Returns the files' paths.
/// errors   IoError; Cancelled (until the last rename); whatever `source` and `verify` throw; nothing is left behind
///          then and what was there before still is, unless the text says that the output was written
std::vector<std::string> write_output(const Plan& plan, const Destination& destination, const TensorSource& source,
                                      const std::atomic<bool>* cancel = nullptr);

}  // namespace candor::convert_internal
