// Counts the statements, expressions and macro calls of a template that are under way, so that none of them can
// overflow the stack.
#pragma once

#include <string>

#include "text/jinja/value.h"

namespace candor::jinja {

inline constexpr int kMaxDepth = 400;

/// One more level of `depth`, for as long as it lives.
class DepthGuard {
 public:
  /// errors   ValueError: too deep
  DepthGuard(int& depth, int line) : depth_(depth) {
    if (++depth_ > kMaxDepth) {
      --depth_;
      fail(line, "the template nests or calls macros deeper than " + std::to_string(kMaxDepth) + " levels");
    }
  }
  ~DepthGuard() { --depth_; }
  DepthGuard(const DepthGuard&) = delete;
  DepthGuard& operator=(const DepthGuard&) = delete;

 private:
  int& depth_;
};

}  // namespace candor::jinja
