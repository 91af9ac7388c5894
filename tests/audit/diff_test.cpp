// candor diff over whole checkpoints: matching, damage, witnesses, order, threads, errors.
#include "candor/diff.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <mutex>

#include "audit/diff/words.h"
#include "candor/error.h"
#include "core/formats.h"
#include "tests/audit/diff_files.h"
#include "tests/audit/recipes.h"

namespace candor::audit_internal::comparison {
namespace {

using ::candor::testing::error_text;

/// Everything but the time.
std::string text_of(const DiffReport& report) {
  std::ostringstream out;
  for (const DiffClass& c : report.classes) out << c.sentence << '|' << c.tensors << '|' << c.exceptions << '\n';
  for (const TensorDiff& t : report.tensors) {
    out << t.name_a << ' ' << t.name_b << ' ' << diff_status_name(t.status) << ' ' << t.sentence << ' '
        << t.max_absolute << '@' << t.max_absolute_index << ' ' << t.max_relative << '@' << t.max_relative_index;
    for (const DiffHistory& h : t.histories) out << ' ' << h.explains << ',' << h.differs << ',' << h.differs_right;
    for (const DiffDistance& d : t.distances) out << ' ' << d.below << d.low << ':' << d.count;
    for (const DiffWitness& w : t.witnesses)
      out << ' ' << w.what << w.index << ',' << w.code_a << ',' << w.code_b << ',' << w.offset_a << ',' << w.offset_b;
    const auto* counts = reinterpret_cast<const std::uint64_t*>(&t.counts);
    for (std::size_t i = 0; i < sizeof t.counts / sizeof *counts; ++i) out << ' ' << counts[i];
    out << '\n';
  }
  return out.str();
}

class Diff : public DiffFiles {};

TEST_F(Diff, AFileIsEqualToItself) {
  const std::string path =
      folder_.put("a.safetensors",
                  file_of({matrix("m", 32, 48, 1), {"e", "F32", {0, 4}, ""}, {"s", "F32", {}, raw<float>({1.5f})}}));
  for (const std::string& other : {path, folder_.put("b.safetensors", testing::read_bytes(path))}) {
    const DiffReport report = diff(path, other);
    EXPECT_TRUE(report.equal);
    EXPECT_EQ(report.tensors.size(), 3u);
    ASSERT_EQ(report.classes.size(), 1u);
    EXPECT_EQ(report.classes[0].sentence, "3 tensors are the same in both, bit for bit");
    EXPECT_EQ(report.classes[0].counts.elements, 32u * 48 + 1);
  }
}

TEST_F(Diff, OneChangedElementIsFoundWhereItIs) {
  constexpr std::int64_t kRows = 1500, kColumns = 1001;  // two pieces
  std::vector<std::uint16_t> values = bf16_weights(kRows * kColumns);
  const FileTensor first = matrix("first", 3, 5, 9), a = {"w", "BF16", {kRows, kColumns}, raw(values)};
  const std::size_t index = 1'400'123;
  const std::uint16_t before = values[index];
  values[index] = static_cast<std::uint16_t>(before + 3);
  const DiffReport report = compare({a, first}, {first, {"w", "BF16", {kRows, kColumns}, raw(values)}});
  EXPECT_FALSE(report.equal);
  const TensorDiff& tensor = report.tensors.at(0);  // worst first
  EXPECT_EQ(tensor.name_a, "w");
  EXPECT_EQ(tensor.counts.changed, 1u);
  ASSERT_EQ(tensor.witnesses.size(), 1u);
  const DiffWitness& witness = tensor.witnesses[0];
  EXPECT_EQ(witness.index, index);
  EXPECT_EQ(witness.position, (std::vector<std::int64_t>{index / kColumns, index % kColumns}));
  EXPECT_EQ(witness.what, (before & 0x8000u) ? "3 steps down" : "3 steps up");
  EXPECT_EQ(witness.value_a, witness.expected);
  for (const auto& [file, offset, code] :
       {std::tuple{"a.safetensors", witness.offset_a, before}, {"b.safetensors", witness.offset_b, values[index]}}) {
    std::uint16_t stored = 0;
    std::memcpy(&stored, testing::read_bytes(folder_.path(file)).data() + offset, sizeof stored);
    EXPECT_EQ(stored, code);
  }
  EXPECT_EQ(witness.code_a, before);
  EXPECT_EQ(witness.code_b, values[index]);
  ASSERT_EQ(tensor.distances.size(), 1u);
  EXPECT_EQ(tensor.distances[0].low, 2u);
  EXPECT_EQ(tensor.distances[0].high, 3u);
  EXPECT_EQ(report.tensors.at(1).status, DiffStatus::equal);
}

TEST_F(Diff, TheNumberOfThreadsChangesNothing) {
  constexpr std::size_t kCount = (5u << 20) / 2 + 77;
  std::vector<float> values = draw(Law::normal, 0.02, kCount, 4);
  values[kCount - 1] = NAN;
  std::vector<std::uint16_t> codes = to_bf16(values, Route::from_f16), other = bf16_weights(kCount);
  const std::vector<FileTensor> a = {vector_of("F32", values, "x"), vector_of("BF16", bf16_weights(kCount), "y"),
                                     vector_of("F32", values, "old")};
  for (std::size_t i = 1000; i < kCount; i += 1 << 18) other[i] ^= 0x8001u, codes[i] ^= 0x10u;
  const std::vector<FileTensor> b = {vector_of("BF16", codes, "x"), vector_of("BF16", other, "y"),
                                     vector_of("F32", values, "renamed")};
  DiffOptions options;
  options.threads = 1;
  const std::string alone = text_of(compare(a, b, options));
  EXPECT_NE(alone.find("through f16"), std::string::npos);
  for (const int threads : {2, 5, 0}) {
    options.threads = threads;
    EXPECT_EQ(text_of(compare(a, b, options)), alone) << threads;
  }
}

TEST_F(Diff, DamageOfEveryKindIsCountedAndNamed) {
  struct Case {
    std::uint16_t a, b;
    const char* what;
    std::uint64_t DiffCounts::*count;
  };
  const Case kCases[] = {
      {0x7fc1, 0x7f80, "NaN became infinity", &DiffCounts::nan_to_infinity},
      {0x7f81, 0x3f80, "NaN became a number", &DiffCounts::nan_to_finite},
      {0x7fc1, 0x7fc0, "NaN with another code", &DiffCounts::nan_codes},
      {0x7fc0, 0xffc0, "NaN with another code", &DiffCounts::nan_codes},
      {0x7f81, 0x7fc1, "NaN with another code", &DiffCounts::nan_codes},
      {0x7f7f, 0x7f80, "became infinite", &DiffCounts::overflowed},
      {0x3f80, 0x7fc0, "became NaN", &DiffCounts::overflowed},
      {0x7f80, 0x7f7f, "should be infinite", &DiffCounts::saturated},
      {0x0001, 0x0000, "became zero", &DiffCounts::zeroed},
      {0x8000, 0x0000, "the sign of zero", &DiffCounts::zero_signs},
      {0x0000, 0x8000, "the sign of zero", &DiffCounts::zero_signs},
      {0x3f80, 0x3f81, "one step up", &DiffCounts::step_up},
      {0xbf80, 0xbf81, "one step down", &DiffCounts::step_down},
      {0x0080, 0x007f, "one step down", &DiffCounts::step_down},
      {0x0001, 0x8001, "2 steps down", &DiffCounts::changed},
  };
  for (const Case& c : kCases) {
    const TensorDiff tensor = compare_one(vector_of<std::uint16_t>("BF16", {0x3f00, c.a, 0x4000}),
                                          vector_of<std::uint16_t>("BF16", {0x3f00, c.b, 0x4000}));
    ASSERT_EQ(tensor.witnesses.size(), 1u) << c.what;
    EXPECT_EQ(tensor.witnesses[0].what, c.what);
    EXPECT_EQ(tensor.witnesses[0].index, 1u);
    EXPECT_EQ(tensor.counts.*c.count, 1u) << c.what;
    EXPECT_EQ(tensor.counts.changed, 1u) << c.what;
    EXPECT_NE(tensor.status, DiffStatus::equal);
  }
}

TEST_F(Diff, NaivelyCutNaNIsInfinity) {
  const std::vector<float> a = {f32_from_bits(0x7f800001u), 1.0059f, f32_from_bits(0x7fc12345u), 3.1f};
  const TensorDiff tensor = compare_one(vector_of("F32", a), vector_of("BF16", to_bf16(a, Route::truncated)));
  EXPECT_EQ(tensor.counts.nan_to_infinity, 1u);
  EXPECT_EQ(tensor.counts.nans, 2u);
  EXPECT_EQ(tensor.witnesses.at(0).what, "NaN became infinity");
  EXPECT_EQ(tensor.history, "cut off");
  EXPECT_NE(tensor.sentence.find("1 went from NaN to infinity"), std::string::npos) << tensor.sentence;
}

TEST_F(Diff, BothWaysTellTheSame) {
  const FileTensor a = vector_of("F32", draw(Law::laplace, 0.02, 5000, 1));
  const FileTensor b = vector_of("F32", draw(Law::laplace, 0.02, 5000, 2));
  const TensorDiff forth = compare_one(a, b), back = compare_one(b, a);
  EXPECT_EQ(forth.counts.changed, back.counts.changed);
  EXPECT_EQ(forth.counts.step_up, back.counts.step_down);
  EXPECT_EQ(forth.max_absolute, back.max_absolute);
  EXPECT_EQ(forth.max_absolute_index, back.max_absolute_index);
  ASSERT_EQ(forth.distances.size(), back.distances.size());
  for (std::size_t i = 0; i < forth.distances.size(); ++i) {
    const DiffDistance &one = forth.distances[i], &other = back.distances[back.distances.size() - 1 - i];
    EXPECT_EQ(one.low, other.low);
    EXPECT_EQ(one.count, other.count);
    EXPECT_NE(one.below, other.below);
  }
}

TEST_F(Diff, IntegersAndUnreadDtypesAreComparedAsBytes) {
  const DiffReport report =
      compare({{"ids", "I64", {3}, raw<std::int64_t>({1, 2, 3})}, {"scale", "F8_E8M0", {2}, "ab"}},
              {{"ids", "I64", {3}, raw<std::int64_t>({1, -2, 3})}, {"scale", "F8_E8M0", {2}, "ab"}});
  const TensorDiff& ids = tensor_named(report, "ids");
  EXPECT_EQ(ids.status, DiffStatus::changed);
  EXPECT_EQ(ids.counts.elements, 3u);
  EXPECT_EQ(ids.counts.changed, 1u);
  EXPECT_EQ(ids.witnesses.at(0).index, 1u);
  EXPECT_EQ(ids.witnesses[0].what, "other bytes");
  EXPECT_TRUE(ids.histories.empty());
  EXPECT_NE(ids.sentence.find("compared as bytes"), std::string::npos);
  EXPECT_EQ(tensor_named(report, "scale").status, DiffStatus::equal);
}

TEST_F(Diff, EmptyTensorsAndScalars) {
  const DiffReport report =
      compare({{"e", "F32", {0}, ""}, {"f", "F32", {3, 0}, ""}, {"s", "F32", {}, raw<float>({1.0f})}},
              {{"e", "BF16", {0}, ""}, {"f", "F32", {3, 0}, ""}, {"s", "F32", {}, raw<float>({2.0f})}});
  EXPECT_EQ(tensor_named(report, "e").status, DiffStatus::same_values);
  EXPECT_EQ(tensor_named(report, "f").status, DiffStatus::equal);
  EXPECT_EQ(tensor_named(report, "s").counts.changed, 1u);
  EXPECT_TRUE(tensor_named(report, "s").witnesses.at(0).position.empty());
  EXPECT_TRUE(compare({}, {}).equal);
}

TEST_F(Diff, AClassIsToldInOneSentence) {
  const std::vector<std::uint16_t> codes = bf16_weights(1 << 16);
  std::vector<std::uint16_t> laundered(codes.size());
  std::uint64_t changed = 0;
  for (std::size_t i = 0; i < codes.size(); ++i) {
    laundered[i] = f32_to_bf16_bits(through_f16(bf16_bits_to_f32(codes[i])));
    changed += laundered[i] != codes[i];
  }
  DiffReport report = compare({vector_of("BF16", codes)}, {vector_of("BF16", laundered)});
  ASSERT_EQ(report.classes.size(), 1u);
  const std::string count = grouped(changed);
  EXPECT_TRUE(report.classes[0].sentence.starts_with("b.safetensors is a.safetensors rounded through f16: " + count +
                                                     " of 65,536 values changed, " + count +
                                                     " that f16 cannot hold lie on its lattice"))
      << report.classes[0].sentence;
  report = compare({vector_of("BF16", codes), vector_of("BF16", codes, "kept")},
                   {vector_of("BF16", laundered), vector_of("BF16", codes, "kept")});
  EXPECT_TRUE(
      report.classes.at(0).sentence.starts_with("1 of 2 tensors (BF16): b.safetensors is a.safetensors rounded"));
}

TEST_F(Diff, OneTensorAmongOthersIsNamed) {
  const FileTensor same = matrix("same", 4, 4, 1);
  const FileTensor flat = {"flat", "F32", {2}, raw<float>({1, 2})}, high = {"flat", "F32", {2, 1}, flat.bytes};
  const DiffReport report = compare({same, flat, {"gone", "F32", {1}, raw<float>({3})}},
                                    {same, high, {"fresh", "F32", {3}, raw<float>({4, 5, 6})}});
  std::vector<std::string> sentences;
  for (const DiffClass& found : report.classes) sentences.push_back(found.sentence);
  std::sort(sentences.begin(), sentences.end());
  EXPECT_EQ(sentences, (std::vector<std::string>{"the tensor 'flat' has another shape in b.safetensors: not compared",
                                                 "the tensor 'fresh' is only in b.safetensors",
                                                 "the tensor 'gone' is missing in b.safetensors",
                                                 "the tensor 'same' is the same in both, bit for bit"}));
  for (const DiffClass& found : report.classes) EXPECT_EQ(found.tensors, 1u);
  EXPECT_EQ(compare({flat}, {high}).classes.at(0).sentence,
            "the tensor has another shape in b.safetensors: not compared");
}

TEST_F(Diff, TensorsThatFitSeveralHistoriesJoinTheOneThatExplainsThemAll) {
  // The short tensor alone could be rounded once or through f16; the long one was rounded through f16.
  const std::vector<float> values = draw(Law::normal, 0.02, 4096, 1);
  const std::vector<float> few = {1.0f, 0.5f, 0.75f};
  const DiffReport report = compare({vector_of("F32", values, "long"), vector_of("F32", few, "short")},
                                    {vector_of("BF16", to_bf16(values, Route::from_f16), "long"),
                                     vector_of("BF16", to_bf16(few, Route::from_f16), "short")});
  ASSERT_EQ(report.classes.size(), 1u);
  EXPECT_EQ(report.classes[0].history, "through f16");
  EXPECT_EQ(report.classes[0].tensors, 2u);
  EXPECT_EQ(tensor_named(report, "short").history, "rounded once");
}

TEST_F(Diff, ErrorsSayWhatIsWrong) {
  const std::string path = folder_.put("a.safetensors", file_of({matrix("m", 4, 4, 1)}));
  EXPECT_NE(error_text<IoError>([&] { diff(path, folder_.path("none.safetensors")); }).find("none.safetensors"),
            std::string::npos);
  const std::string broken = folder_.put("broken.safetensors", "12345678{}");
  EXPECT_NE(error_text<FormatError>([&] { diff(broken, path); }).find("byte"), std::string::npos);
  DiffOptions options;
  options.threads = -1;
  error_text<ValueError>([&] { diff(path, path, options); });
  std::atomic<bool> cancel{true};
  options = {};
  options.cancel = &cancel;
  error_text<Cancelled>([&] { diff(path, path, options); });
  options = {};
  options.progress = [](const Progress&) { throw IoError("from the caller"); };
  EXPECT_EQ(error_text<IoError>([&] { diff(path, path, options); }), "from the caller");
}

TEST_F(Diff, ProgressReachesItsEndInEveryStep) {
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> last;
  DiffOptions options;
  options.progress = [&](const Progress& progress) {
    auto& [done, total] = last[std::string(progress.what)];
    EXPECT_GE(progress.done, done);
    done = progress.done;
    total = progress.total;
  };
  compare({vector_of("BF16", bf16_weights(3 << 20, 1))}, {vector_of("BF16", bf16_weights(3 << 20, 2))}, options);
  EXPECT_EQ(last.size(), 2u);
  for (const auto& [what, at] : last) EXPECT_EQ(at.first, at.second) << what;
}

}  // namespace
}  // namespace candor::audit_internal::comparison
