// The form before ZIP: magic, 1001, the machine, the object, the keys, and each storage behind its size.
#include "candor/error.h"
#include "io/pytorch_file.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using namespace testing::pickled;

const std::string kEight(8, '\0');

// storage behind its size.
struct Legacy {
  std::string protocol = whole("M\xe9\x03");
  std::string machine = whole("}(" + text("little_endian") +
                              "\x88"
                              "u");
  std::string object = whole(dict({{"w", tensor(storage("FloatStorage", "0", 2), 0, {2}, {1})}}));
  std::string keys = whole("](" + text("0") + "e");
  std::string data = testing::little_endian<std::uint64_t>(2) + kEight;
  std::string bytes() const { return magic() + protocol + machine + object + keys + data; }
  static std::string magic() { return "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."; }
  std::uint64_t keys_at() const { return 15 + protocol.size() + machine.size() + object.size(); }
};

void expect_refused(const Legacy& legacy, std::uint64_t position, const std::string& what) {
  const std::string bytes = legacy.bytes();
  const std::string text = testing::error_text<FormatError>(
      [&] { io::parse_pytorch_legacy(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), "h.pt"); });
  EXPECT_NE(text.find("byte " + std::to_string(position) + ": "), std::string::npos) << text;
  EXPECT_NE(text.find(what), std::string::npos) << text;
}

TEST(PytorchLegacyHostile, EachPartMustFitTheOthers) {
  const Legacy good;
  const std::string whole_file = good.bytes();
  EXPECT_EQ(io::parse_pytorch_legacy(reinterpret_cast<const std::byte*>(whole_file.data()), whole_file.size(), "g.pt")
                .tensors.size(),
            1u);
  Legacy bad = good;
  bad.protocol = whole("M\xea\x03");
  expect_refused(bad, 17, "the protocol is not 1001");
  bad = good;
  bad.machine = whole("}(" + text("little_endian") +
                      "\x89"
                      "u");
  expect_refused(bad, 15 + good.protocol.size() + 4, "big-endian machine");
  bad = good;
  bad.machine = whole("}");
  expect_refused(bad, 15 + good.protocol.size() + 2, "does not say its byte order");
}

TEST(PytorchLegacyHostile, StoragesMustBeThoseOfTheObject) {
  const Legacy good;
  const std::uint64_t data_at = good.keys_at() + good.keys.size();
  Legacy bad = good;
  bad.keys = whole("](" + text("1") + "e");
  expect_refused(bad, good.keys_at() + 4, "storage '1' is used by no tensor");
  bad = good;
  bad.keys = whole("](" + text("0") + text("0") + "e");
  expect_refused(bad, good.keys_at() + 10, "storage '0' is listed twice");
  bad = good;
  bad.keys = whole("]");
  bad.data = "";
  expect_refused(bad, 15 + good.protocol.size() + good.machine.size() + good.object.find('Q'), "is not in the file");
  bad = good;
  bad.data = testing::little_endian<std::uint64_t>(3) + kEight;
  expect_refused(bad, data_at, "has 3 elements here and 2 in the pickle");
  bad = good;
  bad.data.pop_back();
  expect_refused(bad, data_at + 8, "storage '0' needs 8 bytes but the file has 7 left");
  bad = good;
  bad.object = whole(dict({{"w", tensor(storage("ByteStorage", "0", std::int64_t{1} << 62), 0, {2}, {1})}}));
  bad.data = testing::little_endian(std::uint64_t{1} << 62) + kEight;
  expect_refused(bad, bad.keys_at() + bad.keys.size() + 8, "needs 4611686018427387904 bytes but the file has 8 left");
  bad = good;
  bad.data += "tail";
  expect_refused(bad, data_at + 16, "4 bytes follow the last storage");
}

}  // namespace
}  // namespace candor
