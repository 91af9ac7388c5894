#include "audit/fingerprint/json_place.h"

namespace candor::audit_internal {
namespace {

class Walker {
 public:
  explicit Walker(std::string_view text) : text_(text) { skip_space(); }

  std::size_t position() const { return at_; }

  /// From an object to the value of its first member that matches; stays when there is none.
  bool enter(const std::string& key) {
    const std::size_t begin = at_;
    if (!open('{')) return false;
    while (peek() == '"') {
      const std::size_t name = at_ + 1;
      skip_string();
      const bool found = text_.substr(name, at_ - 1 - name) == key;
      skip_space();
      ++at_;  // the colon
      skip_space();
      if (found) return true;
      skip_to_next();
    }
    at_ = begin;
    return false;
  }

  bool enter(std::size_t index) {
    const std::size_t begin = at_;
    if (!open('[')) return false;
    for (; index > 0 && peek() != ']' && peek() != '\0'; --index) skip_to_next();
    if (index == 0 && peek() != ']') return true;
    at_ = begin;
    return false;
  }

 private:
  char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void skip_space() {
    while (at_ < text_.size() && std::string_view(" \t\r\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }
  bool open(char bracket) {
    if (peek() != bracket) return false;
    ++at_;
    skip_space();
    return true;
  }
  void skip_string() {
    for (++at_; at_ < text_.size() && text_[at_] != '"'; ++at_)
      if (text_[at_] == '\\') ++at_;
    ++at_;
  }
  /// From a value to the next one, or to the bracket that ends what they are in.
  void skip_to_next() {
    int depth = 0;
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
      if (c == '"') {
        skip_string();
        --at_;  // the loop steps over the closing quote
      }
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
    }
    if (peek() != ',') return;
    ++at_;
    skip_space();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::size_t json_place(std::string_view json, const JsonPath& path) {
  Walker walker(json);
  for (const auto& step : path)
    if (!std::visit([&walker](const auto& to) { return walker.enter(to); }, step)) break;
  return walker.position();
}

}  // namespace candor::audit_internal
