// What --force may take away: the files of an earlier conversion, all of which it knows by name, and no other.
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "candor/error.h"
#include "convert/output_folder.h"
#include "tests/convert/written_folder.h"

namespace candor {
namespace {

using convert_internal::InputFile;
using convert_internal::replaceable_files;
using testing::error_text;
using testing::f32_tensor;
using testing::read_bytes;
using testing::TemporaryFolder;
using testing::to;
using testing::write_folder;
using testing::write_safetensors;
using testing::written_value;

TEST(ForcedFolder, OwnNamesAreThoseThatConvertWrites) {
  for (const char* name : {"model.safetensors", "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors",
                           "model-100000-of-123456.safetensors", "model.safetensors.index.json", "config.json",
                           "tokenizer.json", "chat_template.jinja"}) {
    const TemporaryFolder folder;
    folder.put(name, "x");
    EXPECT_EQ(replaceable_files(folder.path(""), true, {}), std::vector<std::string>{name});
  }
}

TEST(ForcedFolder, EveryOtherNameIsSomebodyElses) {
  for (const char* name :
       {"adapter.safetensors", "a.safetensors", "model-00001-of-00001.safetensors", "model-00003-of-00002.safetensors",
        "model-00000-of-00002.safetensors", "model-1-of-2.safetensors", "model-000001-of-00002.safetensors",
        "model--0001-of-00002.safetensors", "model-00001-of-00002.safetensors.bak", "xmodel-00001-of-00002.safetensors",
        "model-00001-of-99999999999999999999999.safetensors", "adapter.safetensors.index.json", "model.safetensors~",
        ".safetensors", "model-.safetensors", "model-00001-of-.safetensors"}) {
    const TemporaryFolder folder;
    folder.put("model.safetensors", "x");
    folder.put(name, "x");
    const std::string text = error_text<IoError>([&] { replaceable_files(folder.path(""), true, {}); });
    EXPECT_NE(text.find("holds '" + std::string(name) + "', which convert does not write"), std::string::npos) << text;
  }
}

TEST(ForcedFolder, ItsNamesAreOfRegularFiles) {
  const TemporaryFolder folder;
  std::filesystem::create_directories(folder.path("m/config.json"));
  const std::string text = error_text<IoError>([&] { replaceable_files(folder.path("m"), true, {}); });
  EXPECT_NE(text.find("m: holds 'config.json', which is no regular file"), std::string::npos) << text;
}

TEST(ForcedFolder, AnInputWithANameOfItsOwnStays) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("m"));
  for (const char* name : {"m/a.safetensors", "m/b.safetensors"})
    write_safetensors(folder.path(name), {f32_tensor("x", {1})});
  ConvertOptions options = to(DType::bf16);
  options.overwrite = true;
  const std::string text =
      error_text<IoError>([&] { convert(folder.path("m/a.safetensors"), folder.path("m"), options); });
  EXPECT_NE(text.find("holds 'a.safetensors'"), std::string::npos) << text;
  EXPECT_EQ(written_value(folder.path("m/a.safetensors")), 1);
  EXPECT_EQ(written_value(folder.path("m/b.safetensors")), 1);
}

TEST(ForcedFolder, TensorsBesideTheInputThatWereNotReadStay) {
  const TemporaryFolder folder;
  const std::string first = "model-00001-of-00002.safetensors", second = "model-00002-of-00002.safetensors";
  std::filesystem::create_directory(folder.path("m"));
  for (const std::string& name : {first, second, std::string("config.json")}) folder.put("m/" + name, "x");
  const std::string text = error_text<IoError>([&] {
    replaceable_files(folder.path("m"), true, {folder.path("m/" + first), folder.path("m/config.json")});
  });
  EXPECT_NE(text.find("holds '" + second + "' beside the input"), std::string::npos) << text;
  std::filesystem::create_symlink("m/" + first, folder.path("link"));
  error_text<IoError>([&] { convert_internal::check_output(folder.path("m"), true, {folder.path("link")}); });
  const std::vector<InputFile> both = {folder.path("m/" + first), folder.path("m/" + second)};
  const std::string config = error_text<IoError>([&] { replaceable_files(folder.path("m"), true, both); });
  EXPECT_NE(config.find("holds 'config.json' beside the input"), std::string::npos) << config;
  std::vector<InputFile> all = both;
  all.emplace_back(folder.path("m/config.json"));
  EXPECT_EQ(replaceable_files(folder.path("m"), true, all).size(), 3u);
  folder.put("m/config.json", "another");
  const std::string changed = error_text<IoError>([&] { replaceable_files(folder.path("m"), true, all); });
  EXPECT_NE(changed.find("holds 'config.json', which is not what was read any more"), std::string::npos) << changed;
  EXPECT_EQ(replaceable_files(folder.path("m"), true, {folder.put("elsewhere", "x")}).size(), 3u);
}

// A link, or a second name, beside which no configuration is: the folder's own would be lost.
TEST(ForcedFolder, AConfigurationThatWasNotReadStays) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("m"));
  const std::string tensors = write_safetensors(folder.path("m/model.safetensors"), {f32_tensor("x", {1})});
  folder.put("m/config.json", "{\"model_type\": \"x\"}");
  std::filesystem::create_symlink("m/model.safetensors", folder.path("link.safetensors"));
  std::filesystem::create_hard_link(tensors, folder.path("second.safetensors"));
  ConvertOptions options = to(DType::bf16);
  options.overwrite = true;
  for (const char* input : {"link.safetensors", "second.safetensors"}) {
    const std::string text = error_text<IoError>([&] { convert(folder.path(input), folder.path("m"), options); });
    EXPECT_NE(text.find("m: holds 'config.json' beside the input"), std::string::npos) << text;
  }
  EXPECT_EQ(read_bytes(folder.path("m/config.json")), "{\"model_type\": \"x\"}");
  convert(folder.path("m"), folder.path("m"), options);
  EXPECT_NE(read_bytes(folder.path("m/config.json")).find("bfloat16"), std::string::npos);
}

TEST(ForcedFolder, OneShardIsNotConvertedOverTheOthers) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path("m"));
  const std::string first = folder.path("m/model-00001-of-00002.safetensors");
  const std::string second = folder.path("m/model-00002-of-00002.safetensors");
  for (const std::string& path : {first, second}) write_safetensors(path, {f32_tensor("x", {1})});
  ConvertOptions options = to(DType::bf16);
  options.overwrite = true;
  const std::string text = error_text<IoError>([&] { convert(first, folder.path("m"), options); });
  EXPECT_NE(text.find("beside the input"), std::string::npos) << text;
  EXPECT_EQ(written_value(first) + written_value(second), 2);
}

TEST(ForcedFolder, WhatIsPutThereDuringTheWorkStays) {
  const TemporaryFolder folder;
  write_folder(folder.path("out"), 1, false);
  const std::string text = error_text<IoError>([&] {
    write_folder(folder.path("out"), 2, true, [&](const std::string&) {
      folder.put("out/notes.txt", "precious");
      std::filesystem::create_directory(folder.path("out/sub"));
    });
  });
  EXPECT_NE(text.find("holds 'notes.txt'"), std::string::npos) << text;
  EXPECT_EQ(written_value(folder.path("out")), 1);
  EXPECT_EQ(read_bytes(folder.path("out/notes.txt")), "precious");
  EXPECT_TRUE(std::filesystem::exists(folder.path("out/sub")));
  EXPECT_EQ(folder.names(), std::vector<std::string>{"out"});
}

TEST(ForcedFolder, AFolderThatCannotBeEmptiedIsNotExchanged) {
  const TemporaryFolder folder;
  write_folder(folder.path("out"), 1, false);
  ASSERT_EQ(::chmod(folder.path("").c_str(), 0777), 0);
  ASSERT_EQ(::chmod(folder.path("out").c_str(), 0555), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::geteuid() == 0 && ::setuid(65534) != 0) ::_exit(3);  // root may do everything
    try {
      write_folder(folder.path("out"), 2, true);
    } catch (const IoError& error) {
      const std::string text = error.what();
      ::_exit(text.find("out: cannot remove the old files in it: Permission denied") != std::string::npos ? 5 : 6);
    }
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 5);
  EXPECT_EQ(written_value(folder.path("out")), 1);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"out"});
  ::chmod(folder.path("out").c_str(), 0755);
}

TEST(ForcedFolder, WhatWasPrivateStaysPrivate) {
  const TemporaryFolder folder;
  const auto mode = [&](const std::string& name) {
    struct stat status {};
    return ::stat(folder.path(name).c_str(), &status) == 0 ? status.st_mode & 0777u : 0;
  };
  const mode_t before = ::umask(022);
  for (const auto& [of_folder, of_file] : {std::pair{0700u, 0644u}, {0755u, 0600u}, {0750u, 0640u}, {0777u, 0666u}}) {
    std::filesystem::create_directory(folder.path("out"));
    folder.put("out/model-00001-of-00002.safetensors", "old");
    ::chmod(folder.path("out/model-00001-of-00002.safetensors").c_str(), of_file);
    ::chmod(folder.path("out").c_str(), of_folder);
    write_folder(folder.path("out"), 1, true, [&, of_folder = of_folder](const std::string& written) {
      EXPECT_EQ(mode(std::filesystem::path(written).filename().string()), 0700u) << "from the beginning";
      ::chmod(folder.path("out").c_str(), of_folder & 0770u);
    });
    EXPECT_EQ(mode("out"), of_folder & 0770u) << "as it is in the end";
    EXPECT_EQ(mode("out/model.safetensors"), of_file);
    std::filesystem::remove_all(folder.path("out"));
  }
  ::umask(before);
}

// Root may give files to any group; others have no second one for certain.
TEST(ForcedFolder, PermissionsWereForTheOldGroup) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file to a group that it is not in";
  const TemporaryFolder folder;
  const auto mode = [&](const std::string& name) {
    struct stat status {};
    return ::stat(folder.path(name).c_str(), &status) == 0 ? status.st_mode & 0777u : 0;
  };
  const gid_t other = ::getegid() + 1;
  write_folder(folder.path("out"), 1, false);
  for (const char* name : {"out", "out/model.safetensors"}) {
    ASSERT_EQ(::chown(folder.path(name).c_str(), static_cast<uid_t>(-1), other), 0);
    ASSERT_EQ(::chmod(folder.path(name).c_str(), std::string(name) == "out" ? 0750 : 0640), 0);
  }
  write_folder(folder.path("out"), 2, true);
  EXPECT_EQ(written_value(folder.path("out")), 2);
  EXPECT_EQ(mode("out"), 0700u);
  EXPECT_EQ(mode("out/model.safetensors"), 0600u);
}

TEST(ForcedFolder, WhatCannotBeReplacedIsRefusedBeforeTheWork) {
  const TemporaryFolder folder;
  const auto refusal = [&](const std::string& output) {
    return error_text<IoError>([&] { convert_internal::check_output(output, true); });
  };
  EXPECT_NE(refusal("/proc").find("/proc: is where a file system is mounted"), std::string::npos);
  folder.put("file", "x");
  EXPECT_NE(refusal(folder.path("file/out")).find(folder.path("file") + " is no folder"), std::string::npos);
  std::filesystem::create_directory(folder.path("many"));
  for (std::size_t i = 0; i < 1001; ++i) folder.put("many/" + convert_internal::shard_name(i, 1001), "x");
  EXPECT_NE(refusal(folder.path("many")).find("many: holds 1001 files"), std::string::npos);
}

TEST(ForcedFolder, NamesThatCannotBeGivenAreRefusedAtOnce) {
  for (const std::string output : {".", "./", "..", "../..", "sub/..", "/"}) {
    const std::string text = error_text<IoError>([&] { convert_internal::check_output(output, true); });
    EXPECT_NE(text.find(output + ": is not a name that the finished folder could get"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace candor
