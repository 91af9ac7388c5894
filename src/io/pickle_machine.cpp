#include "io/pickle_machine.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace candor::io {
namespace {

// Far above what a checkpoint of a hundred thousand tensors needs.
constexpr std::uint64_t kMostValues = 1u << 22;
// A writer spends two bytes on a value: an opcode, and an argument or the memo. Small pickles need not be so exact.
constexpr std::uint64_t kBytesOfValue = 2, kFreeValues = 1u << 16;
constexpr std::size_t kMostDistant = 1u << 16;  // memo keys above the number of bytes
constexpr std::size_t kMostSymbols = 1u << 12;  // different ones: each may be made of two long texts by five bytes
constexpr PickleId kNothing = UINT32_MAX;
constexpr std::size_t kDeepestStack = 1u << 20, kMostMarks = 1u << 12;
constexpr std::uint64_t kLongestLine = 1024;

}  // namespace

Pickle run_pickle(ByteCursor& cursor) { return PickleMachine(cursor).run(); }

PickleMachine::PickleMachine(ByteCursor& cursor) : cursor_(cursor), begin_(cursor.position()) {
  pickle_.file_ = cursor.take(0, "a pickle") - cursor.position();
}

PickleId PickleMachine::add(PickleKind kind, std::uint64_t number, unsigned header) {
  if (pickle_.nodes_.size() >= kMostValues)
    fail("the pickle has more than " + std::to_string(kMostValues) + " values, the most that are read");
  if (pickle_.nodes_.size() >= consumed() / kBytesOfValue + kFreeValues)
    fail("the pickle has " + std::to_string(pickle_.nodes_.size()) + " values in " + std::to_string(consumed()) +
         " bytes, more than a writer makes of them");
  pickle_.nodes_.emplace_back(kind, opcode_at_, number, header);
  return static_cast<PickleId>(pickle_.nodes_.size() - 1);
}

void PickleMachine::push_shared(std::optional<PickleId>& shared, PickleKind kind, std::uint64_t number) {
  if (!shared) shared = add(kind, number);
  push(*shared);
}

void PickleMachine::push(PickleId id) {
  if (stack_.size() >= kDeepestStack)
    fail("the pickle's stack is higher than " + std::to_string(kDeepestStack) + ", the most that is read");
  stack_.push_back(id);
}

PickleId PickleMachine::top() const {
  const std::size_t floor = marks_.empty() ? 0 : marks_.back();
  if (stack_.size() <= floor) fail("the opcode takes a value but the pickle's stack has none above its mark");
  return stack_.back();
}

PickleId PickleMachine::pop() {
  const PickleId id = top();
  stack_.pop_back();
  return id;
}

void PickleMachine::open_mark() {
  if (marks_.size() >= kMostMarks)
    fail("the pickle nests deeper than " + std::to_string(kMostMarks) + " marks, the most that are read");
  marks_.push_back(stack_.size());
}

std::vector<PickleId> PickleMachine::pop_mark() {
  if (marks_.empty()) fail("the opcode takes what is above a mark but there is no mark");
  const auto first = stack_.begin() + static_cast<std::ptrdiff_t>(marks_.back());
  std::vector<PickleId> items(first, stack_.end());
  stack_.erase(first, stack_.end());
  marks_.pop_back();
  return items;
}

void PickleMachine::put(std::uint64_t key) {
  const PickleId id = top();
  const auto distant = distant_memo_.find(key);
  if (distant != distant_memo_.end()) {
    distant->second = id;
    return;
  }
  if (key >= memo_.size() && key > consumed()) {
    if (distant_memo_.size() == kMostDistant)
      fail("the pickle's memo has more than " + std::to_string(kMostDistant) + " keys above the number of its bytes");
    distant_memo_.emplace(key, id);
    ++remembered_;
    return;
  }
  if (key >= memo_.size()) memo_.resize(key + 1, kNothing);
  if (memo_[key] == kNothing) ++remembered_;
  memo_[key] = id;
}

void PickleMachine::get(std::uint64_t key) {
  const auto distant = distant_memo_.find(key);
  if (distant != distant_memo_.end()) return push(distant->second);
  if (key >= memo_.size() || memo_[key] == kNothing)
    fail("the pickle takes value " + std::to_string(key) + " from its memo, where nothing was put");
  push(memo_[key]);
}

void PickleMachine::push_bytes(PickleKind kind, std::uint64_t length) {
  if (length > UINT32_MAX) fail("a text of " + std::to_string(length) + " bytes; at most 4294967295 are read");
  const auto header = static_cast<unsigned>(cursor_.position() - opcode_at_);  // at most 9
  cursor_.take(length, "a text");
  push(add(kind, length, header));
}

void PickleMachine::push_long(std::uint64_t length) {
  if (length > sizeof(std::int64_t)) return push_bytes(PickleKind::bytes, length);
  const std::byte* digits = cursor_.take(length, "an integer");  // two's complement, little-endian
  const bool negative = length > 0 && std::to_integer<int>(digits[length - 1] & std::byte{0x80}) != 0;
  std::uint64_t value = negative ? ~std::uint64_t{0} : 0;
  if (length > 0) std::memcpy(&value, digits, length);
  push_new(PickleKind::integer, value);
}

void PickleMachine::push_symbol(std::string_view module, std::string_view name) {
  if (!is_utf8(module) || !is_utf8(name)) fail("a symbol's name is not UTF-8");
  const auto [it, added] =
      symbol_numbers_.try_emplace(std::string(module).append(".").append(name), pickle_.symbols_.size());
  if (added && pickle_.symbols_.size() == kMostSymbols)
    fail("the pickle names more than " + std::to_string(kMostSymbols) + " different symbols, the most that are read");
  if (added) pickle_.symbols_.push_back(it->first);
  push_new(PickleKind::symbol, it->second);
}

void PickleMachine::push_tuple(std::span<const PickleId> items) {
  if (items.empty()) return push_shared(empty_tuple_, PickleKind::tuple);
  push_new(PickleKind::tuple, hold(items).number());
}

void PickleMachine::push_top_tuple(std::size_t count) {
  PickleId items[3] = {};
  for (std::size_t i = count; i-- > 0;) items[i] = pop();
  push_tuple({items, count});
}

void PickleMachine::push_call(PickleId callable, PickleId arguments) {
  if (pickle_.kind(arguments) != PickleKind::tuple)
    fail("a call takes " + std::string(pickle_kind_name(pickle_.kind(arguments))) +
         " where a tuple of arguments belongs");
  push_new(PickleKind::call, pickle_.calls_.size());
  pickle_.calls_.push_back({callable, arguments});
}

void PickleMachine::protocol() {
  constexpr unsigned kFirst = 2, kLast = 5;
  const auto version = read<std::uint8_t>();
  if (opcode_at_ != begin_) fail("a second pickle begins inside the first");
  if (version < kFirst || version > kLast)
    fail("the pickle has protocol " + std::to_string(version) + "; 2 to 5 are read");
}

void PickleMachine::frame() {
  const auto bytes = read<std::uint64_t>();
  if (bytes > cursor_.remaining())
    fail("a frame of " + std::to_string(bytes) + " bytes where " + std::to_string(cursor_.remaining()) + " are left");
}

void PickleMachine::real() {
  std::uint64_t big_endian = read<std::uint64_t>();
  push_new(PickleKind::real, __builtin_bswap64(big_endian));
}

std::string_view PickleMachine::line(std::string_view what) {
  const std::uint64_t longest = std::min(cursor_.remaining(), kLongestLine);
  const std::uint64_t at = cursor_.position();
  const char* text = reinterpret_cast<const char*>(pickle_.file_) + at;
  const void* end = std::memchr(text, '\n', longest);
  if (end == nullptr) fail(std::string(what) + " does not end within " + std::to_string(longest) + " bytes");
  const auto length = static_cast<std::uint64_t>(static_cast<const char*>(end) - text);
  cursor_.take(length + 1, what);
  return {text, length};
}

void PickleMachine::global() {
  const std::string_view module = line("a module's name");
  push_symbol(module, line("a symbol's name"));
}

void PickleMachine::stack_global() {
  const PickleId name = pop(), module = pop();
  if (pickle_.kind(name) != PickleKind::text || pickle_.kind(module) != PickleKind::text)
    fail("a symbol's module and name are no texts");
  if (pickle_.text(name).size() > kLongestLine || pickle_.text(module).size() > kLongestLine)
    fail("a symbol's name has more than " + std::to_string(kLongestLine) + " bytes");
  push_symbol(pickle_.text(module), pickle_.text(name));
}

void PickleMachine::persistent() {
  const PickleId inner = pop();
  push_new(PickleKind::persistent, inner);
}

void PickleMachine::reduce() {
  const PickleId arguments = pop();
  push_call(pop(), arguments);
}

void PickleMachine::new_object(bool keywords) {
  if (keywords) pop();  // a dict of named arguments, which no symbol that is understood takes
  reduce();
}

void PickleMachine::build() {
  const PickleId state = pop(), target = top();
  if (pickle_.kind(target) != PickleKind::call)
    fail("a state is set on " + std::string(pickle_kind_name(pickle_.kind(target))) + ", which has none");
  PickleCall& call = pickle_.calls_[pickle_.nodes_[target].number()];
  if (call.state != 0) fail("a second state is set on an object; a writer sets one");  // Python would join the two
  call.state = state + 1;
}

void PickleMachine::stop() {
  pickle_.root_ = pop();
  if (!stack_.empty() || !marks_.empty()) fail("the pickle stops with values left on its stack");
  pickle_.bytes_ = cursor_.position() - begin_;
  join_runs();
  stopped_ = true;
}

}  // namespace candor::io
