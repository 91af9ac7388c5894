// Runs one reference kernel through its row, as every caller does.
#pragma once

#include <stdexcept>
#include <string>
#include <variant>

#include "backend/ref/kernel_table.h"
#include "backend/ref/serial_stream.h"

namespace candor::test {

template <class Op> void run_reference(const Op& args) {
  for (const KernelRow& row : ref::ref_kernel_rows())
    if (row.op == Op::name) return std::get<Launch<Op>>(row.launch)(args, ref::ref_stream());
  throw std::logic_error("no reference row for " + std::string(Op::name));
}

}  // namespace candor::test
