// The tiny models of tests/models/golden and what transformers computes with them.
#pragma once

#include <gtest/gtest.h>

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "candor/generate.h"
#include "candor/io.h"
#include "candor/machine.h"

namespace candor::test {

/// Sanitizers add memory and time of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kSanitized = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(undefined_behavior_sanitizer)
inline constexpr bool kSanitized = true;
#else
inline constexpr bool kSanitized = false;
#endif
#else
inline constexpr bool kSanitized = false;
#endif

inline const char* const kGoldenModels[] = {"gqa_tied",          "wide_heads", "llama3_scaling", "linear_scaling",
                                            "llama3_parameters", "qwen2",      "mistral"};

inline std::string golden_path(const std::string& name) {
  return std::string(CANDOR_SOURCE_DIR) + "/tests/models/golden/" + name;
}

struct Golden {
  std::vector<TokenId> tokens, greedy;
  std::vector<float> logits_f32, logits_bf16;  // last rows [R, V]
};

inline Golden read_golden(const std::string& name) {
  const Checkpoint file = Checkpoint::open(golden_path(name) + "/expected.safetensors");
  const auto ids = [&file](const char* key) {
    const Tensor tensor = file.tensor(key);
    std::vector<TokenId> values(static_cast<std::size_t>(tensor.elements()));
    std::memcpy(values.data(), tensor.data(), tensor.nbytes());
    return values;
  };
  return {ids("tokens"), ids("greedy"), file.tensor("logits_f32").to_f32(), file.tensor("logits_bf16").to_f32()};
}

inline LanguageModel load(const std::string& path, const std::string& precision) {
  LoadOptions options;
  options.precision = ModelPrecision::parse(precision);
  return LanguageModel::load(path, options);
}

inline std::vector<float> all_logits(const LanguageModel& model, std::span<const TokenId> tokens) {
  std::vector<float> values;
  model.logits(tokens, [&](const float* rows, std::int64_t count) {
    values.insert(values.end(), rows, rows + count * model.info().vocabulary);
  });
  return values;
}

/// The last values, as many as `count`.
inline std::vector<float> tail(const std::vector<float>& values, std::size_t count) {
  return {values.end() - static_cast<std::ptrdiff_t>(count), values.end()};
}

inline double largest_magnitude(const std::vector<float>& values) {
  double largest = 0;
  for (const float value : values) largest = std::max(largest, std::fabs(static_cast<double>(value)));
  return largest;
}

inline double largest_difference(const std::vector<float>& x, const std::vector<float>& y) {
  if (x.size() != y.size()) return INFINITY;
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double difference = std::fabs(static_cast<double>(x[i]) - y[i]);
    if (!(difference <= largest)) largest = difference;  // a NaN stays
  }
  return largest;
}

inline double mean_difference(const std::vector<float>& x, const std::vector<float>& y) {
  if (x.size() != y.size() || x.empty()) return INFINITY;
  double sum = 0;
  for (std::size_t i = 0; i < x.size(); ++i) sum += std::fabs(static_cast<double>(x[i]) - y[i]);
  return sum / static_cast<double>(x.size());
}

inline bool same_bits(const std::vector<float>& x, const std::vector<float>& y) {
  return x.size() == y.size() && std::memcmp(x.data(), y.data(), x.size() * sizeof(float)) == 0;
}

/// A copy of a golden folder that a test may change.
class ModelCopy {
 public:
  explicit ModelCopy(const std::string& name) {
    const ::testing::TestInfo* info = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string test = std::string(info->test_suite_name()) + "_" + info->name();
    std::replace(test.begin(), test.end(), '/', '_');
    folder_ = std::filesystem::path(::testing::TempDir()) / ("candor_" + std::to_string(getpid()) + "_" + test);
    std::filesystem::remove_all(folder_);
    std::filesystem::copy(golden_path(name), folder_);
  }
  ~ModelCopy() { std::filesystem::remove_all(folder_); }
  ModelCopy(const ModelCopy&) = delete;
  ModelCopy& operator=(const ModelCopy&) = delete;

  std::string path() const { return folder_.string(); }
  std::string file(const std::string& name) const { return (folder_ / name).string(); }
  void remove(const std::string& name) const { std::filesystem::remove(folder_ / name); }

  void edit_config(const std::function<void(nlohmann::json&)>& edit) const {
    std::ifstream in(file("config.json"));
    nlohmann::json json = nlohmann::json::parse(in);
    edit(json);
    write("config.json", json.dump());
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(file(name), std::ios::binary) << text;
  }
  /// Overwrites one bf16 element of a tensor.
  void poke(const std::string& tensor, std::uint64_t element, std::uint16_t bits) const {
    const std::uint64_t offset = Checkpoint::open(path()).find(tensor)->offset + 2 * element;
    std::fstream out(file("model.safetensors"), std::ios::binary | std::ios::in | std::ios::out);
    out.seekp(static_cast<std::streamoff>(offset));
    out.write(reinterpret_cast<const char*>(&bits), 2);
  }

 private:
  std::filesystem::path folder_;
};

/// Text of the error that `action` throws; fails the test when there is none.
template <class E>
std::string error_text(const std::function<void()>& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another kind of error: " << error.what();
    return {};
  }
  ADD_FAILURE() << "no error";
  return {};
}

}  // namespace candor::test
