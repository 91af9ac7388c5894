// A character iterator that remembers how far anybody has read: nlohmann's events carry no position, errors need one.
#pragma once

#include <cstddef>
#include <iterator>

namespace candor::io {

struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at = nullptr;
  const char** furthest = nullptr;  // updated by every step

  reference operator*() const { return *at; }
  CountingIterator& operator++() {
    *furthest = ++at;
    return *this;
  }
  CountingIterator operator++(int) {
    CountingIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const CountingIterator& x, const CountingIterator& y) { return x.at == y.at; }
  friend bool operator!=(const CountingIterator& x, const CountingIterator& y) { return x.at != y.at; }
};

/// Where the string begins behind whose closing quote the parser stands.
inline const char* string_start(const char* text, const char* behind) {
  const char* p = behind - 1;  // the closing quote
  while (p > text) {
    --p;
    if (*p != '"') continue;
    const char* q = p;
    while (q > text && q[-1] == '\\') --q;
    if ((p - q) % 2 == 0) break;
  }
  return p;
}

/// Where the number, true, false or null begins that the parser has just read: after a number it has also read the
/// character behind it.
inline const char* scalar_start(const char* text, const char* behind) {
  const auto belongs = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '+' || c == '-' ||
           c == '.';
  };
  const char* p = behind;
  if (p > text && !belongs(p[-1])) --p;
  while (p > text && belongs(p[-1])) --p;
  return p;
}

}  // namespace candor::io
