// The pickle machine: values come out as data, calls are written down and never made.
#include "candor/error.h"
#include "io/pickle.h"
#include "tests/io/archive_builders.h"

namespace candor {
namespace {

using namespace testing::pickled;
using io::Pickle;
using io::PickleKind;

/// `bytes` must outlive what comes back.
Pickle run(const std::string& bytes) {
  const std::string file = "x.pkl";
  io::ByteCursor cursor(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), "pytorch", file);
  return io::run_pickle(cursor);
}

TEST(PickleMachine, Integers) {
  const std::string bytes =
      "\x80\x02(K\xffM\xff\xffJ\xff\xff\xff\xff\x8a\x01\x80" + std::string("\x8a\x00", 2) + integer(INT64_MIN) + "t.";
  const Pickle pickle = run(bytes);
  const std::int64_t expected[] = {255, 65535, -1, -128, 0, INT64_MIN};
  ASSERT_EQ(pickle.items(pickle.root()).size(), std::size(expected));
  for (std::size_t i = 0; i < std::size(expected); ++i)
    EXPECT_EQ(pickle.integer(pickle.items(pickle.root())[i]), expected[i]) << i;
}

TEST(PickleMachine, TextsAndBytes) {
  const std::string bytes = whole("(U\x02hi" + text("caf\xc3\xa9") + "C\x03" + "abc\x8c\x01z\x8a\x09" + "123456789t");
  const Pickle pickle = run(bytes);
  const auto items = pickle.items(pickle.root());
  ASSERT_EQ(items.size(), 5u);
  EXPECT_EQ(pickle.text(items[0]), "hi");
  EXPECT_EQ(pickle.text(items[1]), "caf\xc3\xa9");
  EXPECT_EQ(pickle.kind(items[2]), PickleKind::bytes);
  EXPECT_EQ(pickle.text(items[2]), "abc");
  EXPECT_EQ(pickle.text(items[3]), "z");
  EXPECT_EQ(pickle.text(items[4]), "123456789") << "an integer of nine bytes stays bytes";
}

TEST(PickleMachine, ContainersAndMemo) {
  const std::string bytes =
      whole("}q\x01(" + text("a") + "]q\x02(K\x01K\x02" + "e" + text("b") + "h\x02u" + text("self") + "h\x01s");
  const Pickle pickle = run(bytes);
  const auto items = pickle.items(pickle.root());
  ASSERT_EQ(items.size(), 6u);
  EXPECT_EQ(items[1], items[3]) << "one list under two keys";
  EXPECT_EQ(pickle.items(items[1]).size(), 2u);
  EXPECT_EQ(items[5], pickle.root()) << "a dict may hold itself";
}

TEST(PickleMachine, WhatIsAddedInPartsIsOneList) {
  const std::string bytes = whole("(]q\x01K\x01" + std::string("a]K\x05") + "ah\x01(K\x02K\x03" + "eh\x01(eh\x01K\x04" +
                                  "a" + symbol("a", "B") + ")RK\x08" + "a(K\x09K\x0a" + "et");
  const Pickle pickle = run(bytes);
  const auto items = pickle.items(pickle.root());
  ASSERT_EQ(items.size(), 6u);
  const auto integers = [&](io::PickleId id) {
    std::vector<std::int64_t> values;
    for (const io::PickleId item : pickle.items(id)) values.push_back(pickle.integer(item));
    return values;
  };
  EXPECT_EQ(integers(items[0]), (std::vector<std::int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(integers(items[1]), (std::vector<std::int64_t>{5}));
  EXPECT_EQ(integers(items[5]), (std::vector<std::int64_t>{8, 9, 10}));
}

TEST(PickleMachine, WhatNothingCanChangeIsOneValue) {
  const std::string bytes = whole("(" + std::string(1000, 'N') + std::string(1000, ')') + std::string(1000, '\x88') +
                                  std::string(1000, '\x89') + "t");
  const Pickle pickle = run(bytes);
  EXPECT_EQ(pickle.size(), 5u);
  const auto items = pickle.items(pickle.root());
  ASSERT_EQ(items.size(), 4000u);
  EXPECT_EQ(pickle.integer(items[2999]), 1);
  EXPECT_EQ(pickle.integer(items[3000]), 0);
}

TEST(PickleMachine, MemoKeysMayBeFarApart) {
  const std::string far("r\xff\xff\xff\xff", 5), get("j\xff\xff\xff\xff", 5);
  const std::string bytes = whole("(K\x01" + far + "q\x03" + get + "K\x02" + far + get + "h\x03" + "K\x05\x94j" +
                                  testing::little_endian<std::uint32_t>(2) + "t");
  const Pickle pickle = run(bytes);
  const auto items = pickle.items(pickle.root());
  ASSERT_EQ(items.size(), 7u);
  const std::int64_t expected[] = {1, 1, 2, 2, 1, 5, 5};  // two keys are known when MEMOIZE takes the next number, 2
  for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(pickle.integer(items[i]), expected[i]) << i;
}

TEST(PickleMachine, CallsAreNodes) {
  const std::string bytes = whole(symbol("os", "system") + tuple(text("false")) + "R" + dict({{"k", "N"}}) + "b");
  const Pickle pickle = run(bytes);
  ASSERT_EQ(pickle.kind(pickle.root()), PickleKind::call);
  EXPECT_EQ(pickle.called(pickle.root()), "os.system");
  EXPECT_EQ(pickle.text(pickle.items(pickle.arguments(pickle.root()))[0]), "false");
  ASSERT_TRUE(pickle.has_state(pickle.root()));
  EXPECT_EQ(pickle.items(pickle.state(pickle.root())).size(), 2u);
}

TEST(PickleMachine, StackGlobalAndNewObject) {
  const std::string bytes = whole(text("torch") + text("Size") + "\x93" + tuple(numbers({3})) + "\x81");
  const Pickle pickle = run(bytes);
  EXPECT_EQ(pickle.called(pickle.root()), "torch.Size");
}

TEST(PickleMachine, AFilledCallHoldsItsPairs) {
  const std::string bytes = whole(symbol("collections", "OrderedDict") + ")R(" + text("a") + "K\x07u");
  const Pickle pickle = run(bytes);
  ASSERT_EQ(pickle.items(pickle.root()).size(), 2u);
  EXPECT_EQ(pickle.integer(pickle.items(pickle.root())[1]), 7);
}

TEST(PickleMachine, StopsBehindItsPickle) {
  const std::string bytes = whole("N") + whole("K\x05");
  const std::string file = "x.pkl";
  io::ByteCursor cursor(reinterpret_cast<const std::byte*>(bytes.data()), bytes.size(), "pytorch", file);
  EXPECT_EQ(io::run_pickle(cursor).kind(0), PickleKind::none);
  const Pickle second = io::run_pickle(cursor);
  EXPECT_EQ(second.integer(second.root()), 5);
  EXPECT_EQ(cursor.remaining(), 0u);
}

}  // namespace
}  // namespace candor
