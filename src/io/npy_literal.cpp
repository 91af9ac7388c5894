#include "io/npy_literal.h"

#include "io/checked.h"
#include "io/refuse.h"

namespace candor::io {
namespace {

class LiteralReader {
 public:
  LiteralReader(std::string_view text, std::uint64_t offset, const std::string& file)
      : text_(text), offset_(offset), file_(file) {}

  NpyLiteral read() {
    NpyLiteral literal;
    bool descr = false, order = false, shape = false;
    expect('{');
    while (!accept('}')) {
      const std::uint64_t at = here();
      const std::string key = quoted("a key");
      bool& seen = key == "descr" ? descr : key == "fortran_order" ? order : shape;
      if (key != "descr" && key != "fortran_order" && key != "shape") fail(at, "the header has the key " + quote(key));
      if (seen) fail(at, "the key " + quote(key) + " appears twice");
      seen = true;
      expect(':');
      if (key == "descr") read_descr(literal);
      if (key == "fortran_order") literal.fortran_order = boolean();
      if (key == "shape") read_shape(literal);
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    for (const auto& [name, seen] : {std::pair{"descr", descr}, {"fortran_order", order}, {"shape", shape}})
      if (!seen) fail(offset_, std::string("the header has no key '") + name + "'");
    skip_spaces();
    if (text_.substr(at_) != "\n") fail(here(), "the header does not end in spaces and one newline");
    return literal;
  }

 private:
  [[noreturn]] void fail(std::uint64_t at, const std::string& what) const {
    refuse("npy", file_, at, what, "write the file again with NumPy");
  }
  std::uint64_t here() const { return offset_ + at_; }

  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool accept(char wanted) {
    skip_spaces();
    if (at_ == text_.size() || text_[at_] != wanted) return false;
    ++at_;
    skip_spaces();
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail(here(), std::string("'") + wanted + "' belongs here in the header");
  }

  /// A string in single or double quotes without escapes: NumPy writes no other.
  std::string quoted(const char* what) {
    const char mark = at_ < text_.size() ? text_[at_] : '\0';
    if (mark != '\'' && mark != '"') fail(here(), std::string(what) + " of the header is no string");
    const std::size_t end = text_.find(mark, at_ + 1);
    if (end == std::string_view::npos) fail(here(), std::string(what) + " of the header does not end");
    const std::string_view inner = text_.substr(at_ + 1, end - at_ - 1);
    if (inner.find('\\') != std::string_view::npos) fail(here(), std::string(what) + " of the header has an escape");
    at_ = end + 1;
    return std::string(inner);
  }

  bool boolean() {
    for (const std::string_view word : {"True", "False"}) {
      if (!text_.substr(at_).starts_with(word)) continue;
      at_ += word.size();
      return word == "True";
    }
    fail(here(), "'fortran_order' is neither True nor False");
  }

  void read_descr(NpyLiteral& literal) {
    literal.descr_at = here();
    if (at_ < text_.size() && text_[at_] == '[')
      refuse("npy", file_, here(), "the array has records (a structured dtype), which are not read",
             "save each field as an array of its own");
    literal.descr = quoted("'descr'");
  }

  void read_shape(NpyLiteral& literal) {
    constexpr std::size_t kHighestRank = 64;  // NumPy's own
    literal.shape_at = here();
    expect('(');
    while (!accept(')')) {
      if (literal.shape.size() == kHighestRank) fail(here(), "the shape has more than 64 dimensions");
      literal.shape.push_back(extent());
      const bool more = accept(',');
      if (more) continue;
      if (literal.shape.size() == 1) fail(here(), "the shape is a number, not a tuple");
      expect(')');
      break;
    }
  }

  std::int64_t extent() {
    const std::uint64_t at = here();
    std::optional<std::uint64_t> value = 0;
    const std::size_t first = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      value = checked_mul(*value, 10);
      if (value) value = checked_add(*value, static_cast<std::uint64_t>(text_[at_] - '0'));
      if (!value || *value > static_cast<std::uint64_t>(INT64_MAX)) fail(at, "an extent is above 2^63-1");
    }
    if (at_ == first) fail(at, "an extent is no whole number from 0");
    if (at_ - first > 1 && text_[first] == '0') fail(at, "an extent begins with 0");
    return static_cast<std::int64_t>(*value);
  }

  std::string_view text_;
  std::uint64_t offset_;
  const std::string& file_;
  std::size_t at_ = 0;
};

}  // namespace

NpyLiteral parse_npy_literal(std::string_view text, std::uint64_t offset, const std::string& file) {
  return LiteralReader(text, offset, file).read();
}

}  // namespace candor::io
