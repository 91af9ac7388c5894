// Canaries that were renamed, turned, relabelled or quantised, and what NaNs and zeros say.
#include <gmock/gmock.h>

#include <algorithm>

#include "candor/error.h"
#include "tests/audit/canary_file.h"

namespace candor::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> ids_of(const std::vector<CanaryCulprit>& culprits) {
  std::vector<std::string> ids;
  for (const CanaryCulprit& culprit : culprits) ids.push_back(culprit.id);
  return ids;
}
CanaryTensor canary_of(const CanaryReport& report, const std::string& canary) {
  for (const CanaryTensor& t : report.tensors)
    if (t.canary == canary) return t;
  ADD_FAILURE() << "no canary " << canary;
  return {};
}
const CanaryFinding* finding(const CanaryReport& report, const std::string& id) {
  for (const CanaryFinding& f : report.findings)
    if (f.id == id) return &f;
  return nullptr;
}

class CanaryTensorsTest : public ::testing::Test {
 protected:
  CanaryTensorsTest() : path_(folder_.path("canary.safetensors")) {
    write_canary(path_);
    tensors_ = read_tensors(path_);
  }
  CanaryReport check(const Tensors& tensors) {
    write_tensors(folder_.path("damaged.safetensors"), tensors);
    return check_canary(folder_.path("damaged.safetensors"));
  }
  CanaryReport check_bf16_codes(const std::function<std::uint64_t(std::uint64_t)>& change) {
    Tensors changed = tensors_;
    for (auto& [name, t] : changed)
      if (t.dtype == "BF16")
        for (std::uint64_t& code : t.codes) code = change(code);
    return check(changed);
  }
  TemporaryFolder folder_;
  std::string path_;
  Tensors tensors_;
};

Stored turned(const Stored& t, bool shape_too) {
  Stored out{t.dtype, t.shape, std::vector<std::uint64_t>(t.codes.size())};
  const auto rows = static_cast<std::size_t>(t.shape[0]), columns = static_cast<std::size_t>(t.shape[1]);
  for (std::size_t i = 0; i < t.codes.size(); ++i) out.codes[i % columns * rows + i / columns] = t.codes[i];
  if (shape_too) std::swap(out.shape[0], out.shape[1]);
  return out;
}

/// Absmax quantisation of rows of `block` to integers up to `levels`, back into bf16.
Stored quantised(const Stored& t, std::size_t block, double levels, bool extreme_below) {
  Stored out = t;
  for (std::size_t begin = 0; begin < t.codes.size(); begin += block) {
    double extreme = 0;
    for (std::size_t i = begin; i < begin + block; ++i)
      if (const double x = value_in("BF16", t.codes[i]); std::fabs(x) > std::fabs(extreme)) extreme = x;
    const double step = extreme_below ? extreme / -levels : std::fabs(extreme) / levels;
    for (std::size_t i = begin; i < begin + block; ++i) {
      const double k = std::nearbyint(value_in("BF16", t.codes[i]) / step);
      out.codes[i] =
          code_in("BF16", on_grid(kBf16, step * std::clamp(k, -levels, extreme_below ? levels - 1 : levels), nearest));
    }
  }
  return out;
}

TEST_F(CanaryTensorsTest, TurnedTensorsAreIntactUnlessTheShapeStayed) {
  Tensors all = tensors_;
  for (auto& [name, t] : all)
    if (t.shape.size() == 2) t = turned(t, true);
  const CanaryReport report = check(all);
  EXPECT_EQ(report.verdict, CanaryVerdict::intact);
  for (const char* name : {"canary.matrix", "canary.all_codes", "canary.f32_probes", "canary.repeated"})
    EXPECT_EQ(canary_of(report, name).order, "transposed") << name;
  Tensors one = tensors_;
  one["canary.matrix"] = turned(one["canary.matrix"], false);
  const CanaryReport misplaced = check(one);
  EXPECT_EQ(misplaced.verdict, CanaryVerdict::damaged);
  EXPECT_THAT(ids_of(misplaced.culprits), ElementsAre("values-transposed"));
  EXPECT_EQ(canary_of(misplaced, "canary.matrix").order, "values transposed");
}

TEST_F(CanaryTensorsTest, TurnedValuesOfSeveralTensorsAreSaidOnce) {
  Tensors some = tensors_;
  const std::vector<std::string> names = {"canary.all_codes", "canary.matrix", "canary.repeated"};
  for (const std::string& name : names) some[name] = turned(some[name], false);
  const CanaryReport report = check(some);
  ASSERT_THAT(ids_of(report.culprits), ElementsAre("values-transposed"));
  EXPECT_EQ(report.culprits[0].tensors, names);
  some["canary.matrix"] = turned(quantised(tensors_["canary.matrix"], 32, 127, false), false);
  EXPECT_THAT(ids_of(check(some).culprits), ElementsAre("int8-block32", "values-transposed"));
}

/// Rows in an order that no conversion gives them; one dimension by its elements.
Stored reordered(const Stored& t, const std::function<std::size_t(std::size_t, std::size_t)>& from) {
  const auto rows = static_cast<std::size_t>(t.shape[0]);
  const std::size_t columns = t.codes.size() / rows;
  Stored out = t;
  for (std::size_t i = 0; i < t.codes.size(); ++i)
    out.codes[i] = t.codes[from(i / columns, rows) * columns + i % columns];
  return out;
}

TEST_F(CanaryTensorsTest, AnotherOrderIsNoConversion) {
  const auto reversed = [](std::size_t row, std::size_t rows) { return rows - 1 - row; };
  const auto rolled = [](std::size_t row, std::size_t rows) { return (row + rows - 1) % rows; };
  for (const auto& from : {std::function<std::size_t(std::size_t, std::size_t)>(reversed), {rolled}}) {
    Tensors changed = tensors_;
    for (auto& [name, t] : changed) t = reordered(t, from);
    const CanaryReport report = check(changed);
    EXPECT_EQ(report.verdict, CanaryVerdict::damaged);
    EXPECT_THAT(ids_of(report.culprits), ElementsAre("unknown")) << report.sentence;
    for (const CanaryTensor& t : report.tensors) EXPECT_EQ(t.order, "as written") << t.canary;
  }
}

TEST_F(CanaryTensorsTest, WhatIsNotExplainedLeadsWhereItIsMost) {
  Tensors changed = tensors_;
  const auto reversed = [](std::size_t row, std::size_t rows) { return rows - 1 - row; };
  changed["canary.all_codes"] = reordered(tensors_["canary.all_codes"], reversed);
  changed["canary.norm"] =
      converted(tensors_, "BF16", [](double x) { return on_grid(kE5m2, x, nearest); })["canary.norm"];
  EXPECT_THAT(ids_of(check(changed).culprits),
              ElementsAre("unknown", "f8_e5m2", "f8_e5m2-saturated", "f8_e5m2-clamped"));
  // Infinities that became NaN are no witness beside it; where nothing else is damaged they are.
  changed["canary.norm"] = tensors_["canary.norm"];
  for (std::size_t i : {6, 7}) changed["canary.f32_specials"].codes[i] = 0x7fc00000;
  EXPECT_THAT(ids_of(check(changed).culprits), ElementsAre("unknown"));
  changed["canary.all_codes"] = tensors_["canary.all_codes"];
  EXPECT_THAT(ids_of(check(changed).culprits), Contains("f8_e4m3"));
}

TEST_F(CanaryTensorsTest, ZerosAreSaidToBeZeros) {
  Tensors changed = tensors_;
  for (auto& [name, t] : changed) t.codes.assign(t.codes.size(), 0);
  const CanaryReport all = check(changed);
  ASSERT_THAT(ids_of(all.culprits), ElementsAre("all-zeros"));
  EXPECT_EQ(all.culprits[0].tensors.size(), all.tensors.size());
  EXPECT_TRUE(all.sentence.starts_with("every value zero")) << all.sentence;
  changed = tensors_;
  changed["canary.matrix"].codes.assign(2048, 0x8000);
  EXPECT_THAT(ids_of(check(changed).culprits), ElementsAre("all-zeros"));
}

TEST_F(CanaryTensorsTest, FoundUnderLongerNamesAndByContent) {
  Tensors renamed;
  int number = 0;
  for (const auto& [name, t] : tensors_)
    renamed[name == "canary.f32_specials" ? "model." + name + ".weight" : "p" + std::to_string(number++)] = t;
  Stored other{"BF16", {256}, std::vector<std::uint64_t>(256, 0x3f80)};  // as many as canary.norm
  renamed["a"] = other;
  const CanaryReport report = check(renamed);
  EXPECT_EQ(report.verdict, CanaryVerdict::intact) << report.sentence;
  for (const CanaryTensor& t : report.tensors) EXPECT_NE(t.name, "a");
  EXPECT_EQ(canary_of(report, "canary.f32_specials").name, "model.canary.f32_specials.weight");
}

TEST_F(CanaryTensorsTest, AMissingOneIsSaid) {
  Tensors some = tensors_;
  some.erase("canary.norm");
  const CanaryReport report = check(some);
  EXPECT_EQ(report.verdict, CanaryVerdict::incomplete);
  EXPECT_EQ(canary_of(report, "canary.norm").state, "missing");
  EXPECT_THAT(report.sentence, HasSubstr("canary.norm"));
}

TEST_F(CanaryTensorsTest, BytesAndLabels) {
  const auto swap = [](std::uint64_t code) { return code >> 8 | (code & 0xff) << 8; };
  EXPECT_THAT(ids_of(check_bf16_codes(swap).culprits), ElementsAre("byte-swapped"));
  Tensors all = tensors_;
  for (auto& [name, t] : all)
    for (std::uint64_t& code : t.codes)
      code = t.dtype == "F32" ? __builtin_bswap32(static_cast<std::uint32_t>(code)) : swap(code);
  EXPECT_THAT(ids_of(check(all).culprits), ElementsAre("byte-swapped"));

  const auto relabelled = [&](const char* from, const char* to) {
    Tensors changed = tensors_;
    for (auto& [name, t] : changed)
      if (t.dtype == from) t.dtype = to;
    return check(changed);
  };
  EXPECT_THAT(ids_of(relabelled("BF16", "F16").culprits), ElementsAre("bf16-bits-as-f16"));
  EXPECT_THAT(ids_of(relabelled("F16", "BF16").culprits), ElementsAre("f16-bits-as-bf16"));
  EXPECT_THAT(ids_of(relabelled("BF16", "I16").culprits), ElementsAre("bits-as-integers"));
  EXPECT_THAT(ids_of(relabelled("BF16", "U16").culprits), ElementsAre("bits-as-integers"));
  EXPECT_THAT(ids_of(relabelled("BF16", "V2").culprits), ElementsAre("bits-as-integers"));  // no label that is known
  EXPECT_EQ(relabelled("BF16", "U16").verdict, CanaryVerdict::damaged);

  Tensors widened = tensors_;  // read as f16, then widened: the label is no longer there to be seen
  for (auto& [name, t] : widened) {
    if (t.dtype != "BF16") continue;
    for (std::uint64_t& code : t.codes) code = code_in("F32", value_in("F16", code));
    t.dtype = "F32";
  }
  EXPECT_THAT(ids_of(check(widened).culprits), ElementsAre("bf16-bits-as-f16"));
}

TEST_F(CanaryTensorsTest, WhatBecameOfNaNs) {
  const auto is_nan = [](std::uint64_t code) { return (code & 0x7fff) > 0x7f80; };
  const auto nans = [&](const std::function<std::uint64_t(std::uint64_t)>& change) {
    return check_bf16_codes([&](std::uint64_t code) { return is_nan(code) ? change(code) : code; });
  };
  CanaryReport report = nans([](std::uint64_t code) { return code | 0x40; });
  EXPECT_EQ(report.verdict, CanaryVerdict::intact);
  ASSERT_NE(finding(report, "nan-quieted"), nullptr);
  EXPECT_TRUE(finding(report, "nan-quieted")->legal);
  EXPECT_EQ(finding(report, "nan-quieted")->count, 127u);  // 63 payloads of each sign, and 0x7f81 once more

  report = nans([](std::uint64_t) { return 0x7fc0; });
  EXPECT_EQ(report.verdict, CanaryVerdict::intact);
  ASSERT_NE(finding(report, "nan-canonical"), nullptr);
  EXPECT_EQ(nans([](std::uint64_t) { return 0xffff; }).verdict, CanaryVerdict::intact);

  report = nans([](std::uint64_t code) { return (code & 0x8000) | 0x7f80; });
  EXPECT_EQ(report.verdict, CanaryVerdict::damaged);
  ASSERT_NE(finding(report, "nan-to-infinity"), nullptr);
  EXPECT_EQ(finding(report, "nan-to-infinity")->count, 257u);
  EXPECT_THAT(report.culprits, IsEmpty());  // no value was harmed
  EXPECT_NE(finding(nans([](std::uint64_t) { return 0; }), "nan-to-zero"), nullptr);
  EXPECT_NE(finding(nans([](std::uint64_t) { return 0x4120; }), "nan-to-number"), nullptr);
}

TEST_F(CanaryTensorsTest, ARoundingAdditionThatForgetsNaN) {
  Tensors rounded = tensors_;
  for (auto& [name, t] : rounded) {
    if (t.dtype == "BF16") continue;
    for (std::uint64_t& code : t.codes) {
      const std::uint64_t widened = t.dtype == "F32" ? code : code_in("F32", value_in(t.dtype, code));
      const auto bits = static_cast<std::uint32_t>(widened);
      code = ((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16) & 0xffffu;
    }
    t.dtype = "BF16";
  }
  const CanaryReport report = check(rounded);
  EXPECT_EQ(report.verdict, CanaryVerdict::damaged);
  EXPECT_NE(finding(report, "nan-to-infinity"), nullptr);  // 0x7f800001
  EXPECT_NE(finding(report, "nan-to-zero"), nullptr);      // 0x7fffffff
  EXPECT_EQ(canary_of(report, "canary.f32_probes").state, "rounded");
}

TEST_F(CanaryTensorsTest, ALostMinusIsDamage) {
  const CanaryReport report = check_bf16_codes([](std::uint64_t code) { return code == 0x8000 ? 0 : code; });
  EXPECT_EQ(report.verdict, CanaryVerdict::damaged);
  ASSERT_NE(finding(report, "negative-zero"), nullptr);
  EXPECT_FALSE(finding(report, "negative-zero")->legal);
  EXPECT_EQ(canary_of(report, "canary.matrix").state, "intact");
}

TEST_F(CanaryTensorsTest, QuantisationWithScalesIsNamed) {
  const auto named = [&](std::size_t block, double levels, bool extreme_below) {
    Tensors changed = tensors_;
    changed["canary.matrix"] = quantised(changed["canary.matrix"], block, levels, extreme_below);
    const CanaryReport report = check(changed);
    EXPECT_EQ(report.verdict, CanaryVerdict::damaged);
    for (const CanaryCulprit& culprit : report.culprits) EXPECT_THAT(culprit.tensors, ElementsAre("canary.matrix"));
    return ids_of(report.culprits);
  };
  EXPECT_THAT(named(32, 127, false), ElementsAre("int8-block32"));
  EXPECT_THAT(named(256, 127, false), ElementsAre("int8-row"));
  EXPECT_THAT(named(2048, 127, false), ElementsAre("int8-tensor"));
  EXPECT_THAT(named(32, 7, false), ElementsAre("int4-block32"));
  EXPECT_THAT(named(128, 7, false), ElementsAre("int4-block128"));
  EXPECT_THAT(named(32, 8, true), ElementsAre("int4-signed-block32"));
}

TEST_F(CanaryTensorsTest, NoiseIsNotTakenForAnything) {
  Tensors changed = tensors_;
  std::uint64_t state = 1;
  for (std::uint64_t& code : changed["canary.matrix"].codes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    code = (code & ~0x7full) | (state >> 57);
  }
  EXPECT_THAT(ids_of(check(changed).culprits), ElementsAre("unknown"));
}

TEST_F(CanaryTensorsTest, WhatIsNoCanaryIsRefused) {
  write_tensors(folder_.path("other.safetensors"), {{"w", {"BF16", {4}, {1, 2, 3, 4}}}});
  EXPECT_THROW(check_canary(folder_.path("other.safetensors")), ValueError);
  EXPECT_THROW(check_canary(folder_.path("missing.safetensors")), IoError);
  EXPECT_THROW(check_canary(folder_.put("broken.safetensors", "no header")), FormatError);
}

}  // namespace
}  // namespace candor::testing
