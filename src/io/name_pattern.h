// Patterns over the names of tensors, as options give them.
#pragma once

#include <fnmatch.h>

#include <string>

namespace candor::io {

/// True when `pattern` (* ? […]) matches the whole name.
inline bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), FNM_NOESCAPE) == 0;
}

}  // namespace candor::io
