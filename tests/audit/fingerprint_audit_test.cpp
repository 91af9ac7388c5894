// Fingerprints in use: written by an audit, judged again without the weights, merged, never half there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "candor/audit.h"
#include "candor/error.h"
#include "tests/audit/audit_compare.h"
#include "tests/audit/fingerprint_samples.h"
#include "tests/audit/scan_support.h"

namespace candor::audit_internal {
namespace {

using candor::testing::bytes_of;
using candor::testing::error_text;
using candor::testing::read_bytes;
using candor::testing::StoredTensor;
using candor::testing::TemporaryFolder;
using candor::testing::write_safetensors;
using ::testing::HasSubstr;
using ::testing::Not;

StoredTensor bf16_tensor(const std::string& name, Route route, std::uint64_t seed) {
  return {name, DType::bf16, {256, 256}, bytes_of(to_bf16(draw(Law::normal, 0.02, 256 * 256, seed), route))};
}

/// Tensors of several histories and dtypes.
std::vector<StoredTensor> some_tensors() {
  const std::vector<float> values = draw(Law::laplace, 0.1, 64 * 96, 9);
  return {bf16_tensor("genuine", Route::rne, 1),
          bf16_tensor("from_f16", Route::from_f16, 2),
          bf16_tensor("cut", Route::truncated, 3),
          {"f32", DType::f32, {64, 96}, bytes_of(values)},
          {"widened", DType::f32, {64, 96}, bytes_of(widen(to_bf16(values, Route::rne)))},
          {"f16", DType::f16, {64, 96}, bytes_of(to_f16(values))},
          {"gains", DType::bf16, {512}, bytes_of(to_bf16(draw_around(1, 0.1, 512, 4), Route::rne))},
          {"ids", DType::i64, {3}, std::string(24, '\1')},
          {"nothing", DType::bf16, {0}, ""}};
}

AuditOptions writing(const std::string& fingerprint) {
  AuditOptions options;
  options.fingerprint = fingerprint;
  return options;
}

void expect_judged_alike(const AuditReport& first, const AuditReport& again) {
  EXPECT_EQ(everything_in(again), everything_in(first));
}

TEST(AuditFingerprints, SayWhatTheWeightsSaid) {
  const TemporaryFolder folder, other;
  const std::string a = write_safetensors(folder, some_tensors()), file = folder.path("f");
  const std::string b = write_safetensors(other, {bf16_tensor("x", Route::via_f16, 5)});
  const std::string refused = other.put("bad.gguf", "GGUFnothing");
  AuditOptions options = writing(file);
  options.threshold_bits = 30;
  const AuditReport first = audit({a, b, refused}, options);
  options.fingerprint.clear();
  std::filesystem::remove(a);
  std::filesystem::remove(b);
  expect_judged_alike(first, audit_fingerprints({file}, options));
  options.threshold_bits = 50;
  EXPECT_NE(everything_in(audit_fingerprints({file}, options)), everything_in(first));
}

TEST(AuditFingerprints, SayWhatConfigJsonSaid) {
  const TemporaryFolder folder;
  const std::string file = folder.path("f");
  write_safetensors(folder, {{"f32", DType::f32, {64, 64}, bytes_of(draw(Law::normal, 1, 64 * 64, 1))}});
  folder.put("config.json", "{\"torch_dtype\": \"bfloat16\"}");
  const AuditReport first = audit({folder.path("")}, writing(file));
  EXPECT_THAT(read_bytes(file), HasSubstr("label-vs-config"));
  folder.put("config.json", "{}");
  expect_judged_alike(first, audit_fingerprints({file}));
  folder.put("config.json", "{{");
  const AuditReport noted = audit({folder.path("")}, writing(file));
  EXPECT_THAT(read_bytes(file), HasSubstr("\"notes\":["));
  expect_judged_alike(noted, audit_fingerprints({file}));
}

TEST(AuditFingerprints, TheSameFileGivesTheSameBytes) {
  const TemporaryFolder folder;
  const std::string path = write_safetensors(folder, some_tensors());
  AuditOptions options = writing(folder.path("one"));
  options.threads = 1;
  audit({path}, options);
  options = writing(folder.path("two"));
  options.threads = 4;
  audit({path}, options);
  EXPECT_EQ(read_bytes(folder.path("one")), read_bytes(folder.path("two")));
}

TEST(AuditFingerprints, TheExampleOfThePage) {  // docs/fingerprint-file.md
  const TemporaryFolder folder;
  const std::vector<std::uint16_t> codes = {0x3f80, 0x3f80, 0x4000, 0x7fc0};
  const std::string path = write_safetensors(folder, {{"head.weight", DType::bf16, {2, 2}, bytes_of(codes)}}, 48);
  audit({path}, writing(folder.path("f")));
  std::string text = read_bytes(folder.path("f"));
  text = text.substr(text.find("{\"checkpoint\""));
  for (std::size_t at; (at = text.find(path)) != std::string::npos;) text.replace(at, path.size(), "model.safetensors");
  EXPECT_THAT(text, HasSubstr("\"identity\":\"aee1d25ca4403ff3\""));
  EXPECT_THAT(read_bytes(CANDOR_SOURCE_DIR "/docs/fingerprint-file.md"), HasSubstr(text));
}

TEST(AuditFingerprints, OnlyAndExcludeWhenJudgedAgain) {
  const TemporaryFolder folder;
  const std::string file = folder.path("f"), path = write_safetensors(folder, some_tensors());
  audit({path}, writing(file));
  AuditOptions options;
  options.only = {"g*", "f*"};
  options.exclude = {"f16"};
  expect_judged_alike(audit({path}, options), audit_fingerprints({file}, options));
  options.only = {"h*"};
  EXPECT_EQ(error_text<ValueError>([&] { audit_fingerprints({file}, options); }),
            "audit: the pattern only 'h*' matches none of the 9 tensors; correct it or leave it out");
}

TEST(AuditFingerprints, PartsOfACheckpointAreMerged) {
  const TemporaryFolder folder;
  const std::string path = write_safetensors(folder, some_tensors());
  AuditOptions options = writing(folder.path("one"));
  options.only = {"genuine", "from_f16", "f32"};
  audit({path}, options);
  options = writing(folder.path("two"));
  options.exclude = {"genuine", "from_f16"};  // f32 is in both
  audit({path}, options);
  const AuditReport whole = audit({path});
  expect_judged_alike(audit_fingerprints({folder.path("one"), folder.path("two")}), [&] {
    folder.put("both", read_bytes(folder.path("one")) + read_bytes(folder.path("two")));
    return audit_fingerprints({folder.path("both")});
  }());
  const AuditReport merged = audit_fingerprints({folder.path("one"), folder.path("two"), folder.path("one")});
  ASSERT_EQ(merged.checkpoints.size(), 1u);
  EXPECT_EQ(merged.checkpoints[0].elements, whole.checkpoints[0].elements);
  EXPECT_EQ(merged.checkpoints[0].bytes, whole.checkpoints[0].bytes);
  EXPECT_EQ(merged.checkpoints[0].verdict, whole.checkpoints[0].verdict);
  EXPECT_EQ(merged.checkpoints[0].tensors.size(), 9u);
}

TEST(AuditFingerprints, PathsAreCheckpointsInTheOrderOfTheFirstMention) {
  const TemporaryFolder folder;
  const std::string a = file_text({{bf16_sample("a"), {}}}, {"A", "gguf"});
  const std::string b = file_text({{bf16_sample("a"), {}}}, {"B", "npy"}, {"damaged there", {"n"}});
  const std::string c = file_text({{bf16_sample("c"), {}}}, {"A", "gguf"}, {"", {"n", "m"}});
  folder.put("f", b + a + c + b);
  const AuditReport report = audit_fingerprints({folder.path("f")});
  ASSERT_EQ(report.checkpoints.size(), 2u);
  EXPECT_EQ(report.checkpoints[0].path, "B");
  EXPECT_EQ(report.checkpoints[0].verdict, AuditVerdict::invalid);
  EXPECT_EQ(report.checkpoints[0].error, "damaged there");
  EXPECT_EQ(report.checkpoints[0].tensors.size(), 1u);
  EXPECT_EQ(std::count(report.checkpoints[0].notes.begin(), report.checkpoints[0].notes.end(), "n"), 1);
  EXPECT_EQ(report.checkpoints[1].path, "A");
  EXPECT_EQ(report.checkpoints[1].tensors.size(), 2u);
  EXPECT_EQ(report.verdict, AuditVerdict::invalid);
}

TEST(AuditFingerprints, TwoTensorsOfOneNameAreAnError) {
  const TemporaryFolder folder;
  Fingerprint changed = bf16_sample("a");
  changed.identity = 0xab;
  folder.put("one", file_text({{bf16_sample("a"), {}}}));
  folder.put("two", file_text({{integer_sample(), {}}, {changed, {}}}));
  const std::string text = error_text<FormatError>([&] {
    audit_fingerprints({folder.path("one"), folder.path("two")});
  });
  EXPECT_THAT(text, HasSubstr(folder.path("two") + ": line 4: byte "));
  EXPECT_THAT(text, HasSubstr("'a' of 'model.safetensors' has the identity ab here and "));
  EXPECT_THAT(text, HasSubstr("different files under one path"));
  folder.put("two", file_text({{changed, {}}}, {"elsewhere", "safetensors"}));
  EXPECT_EQ(audit_fingerprints({folder.path("one"), folder.path("two")}).checkpoints.size(), 2u);
  folder.put("two", file_text({}, {"model.safetensors", "gguf"}));
  EXPECT_THAT(error_text<FormatError>([&] {
                audit_fingerprints({folder.path("one"), folder.path("two")});
              }),
              HasSubstr("the format of 'model.safetensors' is 'gguf' here and 'safetensors' before"));
}

TEST(AuditFingerprints, RefusedFilesStayRefused) {
  const TemporaryFolder folder;
  folder.put("f", file_text({}, {"bad.gguf", ""}, {"gguf: bad.gguf: byte 4: nonsense", {}}));
  const AuditReport report = audit_fingerprints({folder.path("f")});
  EXPECT_EQ(report.checkpoints.at(0).sentence, "the file was refused: gguf: bad.gguf: byte 4: nonsense");
  EXPECT_EQ(report.verdict, AuditVerdict::invalid);
}

TEST(AuditFingerprints, AppearWholeOrNotAtAll) {
  const TemporaryFolder folder;
  const std::string path = write_safetensors(folder, some_tensors()), file = folder.put("f", "old");
  std::atomic<bool> cancel{false};
  AuditOptions options = writing(file);
  options.cancel = &cancel;
  std::size_t files = 0;
  options.progress = [&](const Progress& progress) {
    if (progress.done < progress.total / 2) return;
    files = folder.names().size();
    cancel = true;
  };
  EXPECT_THROW(audit({path}, options), Cancelled);
  EXPECT_EQ(files, 3u) << "the model, the old file and a temporary one";
  EXPECT_EQ(folder.names().size(), 2u);
  EXPECT_EQ(read_bytes(file), "old");
  audit({path}, writing(file));
  EXPECT_THAT(read_bytes(file), HasSubstr("candor-fingerprint-1"));
  EXPECT_EQ(folder.names().size(), 2u);
}

TEST(AuditFingerprints, DoNotReplaceWhatTheyAreTakenFrom) {
  const TemporaryFolder folder;
  const std::string path = write_safetensors(folder, some_tensors()), before = read_bytes(path);
  EXPECT_THAT(error_text<ValueError>([&] { audit({path}, writing(folder.folder() / "." / "model.safetensors")); }),
              HasSubstr("would replace"));
  const std::string bad = folder.put("bad.safetensors", "?");
  EXPECT_THAT(error_text<ValueError>([&] { audit({bad}, writing(bad)); }), HasSubstr("would replace"));
  EXPECT_EQ(read_bytes(path), before);
}

TEST(AuditFingerprints, OptionsAndFilesThatMeanNothing) {
  const TemporaryFolder folder;
  const std::string file = folder.put("f", file_text({{bf16_sample(), {}}}));
  EXPECT_THROW(audit_fingerprints({}), ValueError);
  EXPECT_THROW(audit_fingerprints({folder.path("none")}), IoError);
  EXPECT_THROW(audit_fingerprints({folder.path("")}), IoError);
  EXPECT_THROW(audit_fingerprints({file, folder.put("empty", "")}), FormatError);
  EXPECT_THAT(error_text<ValueError>([&] { audit_fingerprints({file}, writing("g")); }),
              HasSubstr("one after the other"));
  AuditOptions options;
  options.threshold_bits = -1;
  EXPECT_THROW(audit_fingerprints({file}, options), ValueError);
  const std::atomic<bool> cancel{true};
  options.threshold_bits = 40;
  options.cancel = &cancel;
  EXPECT_THROW(audit_fingerprints({file}, options), Cancelled);
}

TEST(AuditFingerprints, CancelEndsThemAfterTheLastLineToo) {
  const TemporaryFolder folder;
  const std::string file = folder.put("f", file_text({{bf16_sample(), {}}}));
  std::atomic<bool> cancel{false};
  AuditOptions options;
  options.cancel = &cancel;
  options.progress = [&](const Progress& progress) { cancel = progress.done == progress.total; };
  EXPECT_THROW(audit_fingerprints({file}, options), Cancelled);
  EXPECT_TRUE(cancel) << "all was read";
}

TEST(AuditFingerprints, FilesOfOtherKindsAreNamedAsSuch) {
  const TemporaryFolder folder;
  const std::string model = write_safetensors(folder, some_tensors()), what = "is no fingerprint that candor audit ";
  const auto said = [](const std::string& file) {
    return error_text<FormatError>([&] { audit_fingerprints({file}); });
  };
  EXPECT_EQ(said(model), "fingerprint: " + model + ": byte 0: " + what +
                             "--fingerprint wrote; it is a checkpoint: audit it without --from-fingerprint");
  for (const char* text : {"hello\n", "\n", "{\n  \"schema\": \"candor-audit-1\"\n}\n", "{\"a\": 1}", "[]\n", "\x7f"})
    EXPECT_THAT(said(folder.put("f", text)), HasSubstr(what)) << text;
  const std::string whole = file_text({{bf16_sample(), {}}});
  for (const std::string& damaged : {std::string(), whole.substr(0, 40), " " + whole.substr(0, whole.size() - 1)})
    EXPECT_THAT(said(folder.put("f", damaged)), Not(HasSubstr(what))) << damaged.size();
  EXPECT_THAT(error_text<IoError>([&] { audit_fingerprints({folder.path("")}); }),
              HasSubstr("is a folder, and a fingerprint is a file"));
}

TEST(AuditFingerprints, TellHowFarTheyAre) {
  const TemporaryFolder folder;
  const std::string file = folder.put("f", file_text({{bf16_sample(), {}}}));
  AuditOptions options;
  std::vector<std::uint64_t> done;
  options.progress = [&](const Progress& progress) {
    EXPECT_EQ(progress.total, 2 * std::filesystem::file_size(file));
    done.push_back(progress.done);
  };
  audit_fingerprints({file, file}, options);
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_EQ(done.back(), 2 * std::filesystem::file_size(file));
}

}  // namespace
}  // namespace candor::audit_internal
