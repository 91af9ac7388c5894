// A folder of one tensor, written the way convert() writes it, with a say in the last moment before it is placed.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "convert/output.h"
#include "tests/convert/checkpoints.h"

namespace candor::testing {

inline std::vector<std::string> write_folder(const std::string& output, float value, bool overwrite,
                                             FileCheck verify = nullptr) {
  TensorEntry entry;
  entry.name = "x";
  entry.dtype = DType::f32;
  entry.shape = {1};
  entry.nbytes = sizeof value;
  convert_internal::Plan plan;
  plan.tensors.push_back({entry, entry.name, entry.dtype});
  convert_internal::Destination destination{output, overwrite, {}};
  destination.verify = std::move(verify);
  return convert_internal::write_output(
      plan, destination,
      [&](const convert_internal::TensorPlan&, CheckpointWriter& writer) { writer.write(&value, sizeof value); });
}

inline float written_value(const std::string& folder) { return Checkpoint::open(folder).tensor("x").to_f32().at(0); }

}  // namespace candor::testing
