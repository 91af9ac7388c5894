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

}  // namespace candor::io
