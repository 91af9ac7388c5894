// OpSuite for an op with Cases<Op>. Included by suite_<op>.cpp only.
#pragma once

#include <algorithm>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

#include "backend/ref/kernel_table.h"
#include "backend/ref/serial_stream.h"
#include "kernels/suite.h"

namespace candor::test {

template <class Op> void run_reference(const Op& args) {
  for (const KernelRow& row : ref::ref_kernel_rows())
    if (row.op == Op::name) return std::get<Launch<Op>>(row.launch)(args, ref::ref_stream());
}

/// The present outputs, in the op's order.
template <class Op> std::vector<View> outputs_of(const Op& args) {
  std::vector<View> outputs;
  args.visit_outputs([&](const View& v) {
    if (v.present()) outputs.push_back(v);
  });
  return outputs;
}

/// Rounding and denormal mode of this thread (MXCSR without its sticky flags).
inline std::uint64_t float_mode() {
#if defined(__x86_64__)
  return _mm_getcsr() & ~0x3fu;
#else
  return 0;
#endif
}

/// The same op with fresh outputs: of the same dtypes, or f64 but for the first `stored` ones and for integers.
template <class Op> Op with_fresh_outputs(const Op& args, Workspace& workspace, bool widen, int stored) {
  Op fresh = args;
  int index = 0;
  fresh.visit_outputs([&](const View& v) {
    if (!v.present()) return;
    const bool keep = !widen || index < stored || !is_floating(v.dtype) || v.layout != Layout::strided;
    ++index;
    const_cast<View&>(v) = workspace.place(keep ? v.dtype : DType::f64,
                                           std::vector<std::int64_t>(v.shape, v.shape + v.rank), {.layout = v.layout});
  });
  return fresh;
}

template <class Op>
class Suite final : public OpSuite {
  using C = Cases<Op>;

 public:
  std::string_view op() const override { return Op::name; }
  ErrorModel error_model() const override { return Op::error; }
  int configs(const Precision& precision, Level level) const override {
    return static_cast<int>(C::configs(precision, level).size());
  }
  std::string text(const Precision& precision, Level level, int config) const override {
    return C::text(C::configs(precision, level)[static_cast<std::size_t>(config)]);
  }

  Outcome exact(const Trial& trial) const override {
    return with_results(trial, [](const Op& args, Workspace& workspace, Outcome& outcome) {
      const Op expected = with_fresh_outputs(args, workspace, false, 0);
      run_reference(expected);
      const std::vector<View> want = outputs_of(expected), have = outputs_of(args);
      for (std::size_t i = 0; i < want.size() && outcome.comparison.ok; ++i) {
        outcome.comparison = compare_bytes(element_bytes(want[i]), element_bytes(have[i]),
                                           static_cast<std::size_t>(dtype_info(want[i].dtype).block_bytes));
        if (!outcome.comparison.ok) outcome.comparison.message += " (output " + std::to_string(i) + ")";
      }
    });
  }

  Outcome bound(const Trial& trial) const override {
    return with_results(trial, [&](const Op& args, Workspace& workspace, Outcome& outcome) {
      const std::vector<Doubles> expected = reference(args, workspace);
      const std::vector<Doubles> bounds = C::bounds(args, *trial.row, expected);
      const std::vector<View> have = outputs_of(args);
      for (std::size_t i = 0; i < have.size() && outcome.comparison.ok; ++i)
        outcome.comparison = compare_bounded(expected[i], ref::load_all(have[i]), bounds[i], have[i].dtype);
    });
  }

  Outcome quality(const Trial& trial) const override {
    return with_results(trial, [&](const Op& args, Workspace& workspace, Outcome& outcome) {
      const std::vector<Doubles> expected = reference(args, workspace);
      const Op plain = with_fresh_outputs(args, workspace, false, 0);
      C::plain(plain);
      const Doubles want = joined(expected);
      outcome.error = rms_error(want, joined(values(args)));
      outcome.plain_error = rms_error(want, joined(values(plain)));
      outcome.size = rms_error(want, Doubles(want.size(), 0.0));
      outcome.elements = static_cast<std::int64_t>(want.size());
    });
  }

  Outcome bytes(const Trial& trial, std::vector<std::byte>& results) const override {
    return with_results(trial, [&](const Op& args, Workspace&, Outcome&) {
      for (const View& output : outputs_of(args)) {
        const std::vector<std::byte> bytes = element_bytes(output);
        results.insert(results.end(), bytes.begin(), bytes.end());
      }
    });
  }

  int claims(const KernelRow& row, Stream& stream) const override {
    Runner<Op> runner(row, stream);
    C::claims(runner);
    return runner.accepted();
  }

 private:
  // Makes the case, runs the row, looks for stray writes, then check(args, workspace, outcome).
  template <class Check> Outcome with_results(const Trial& trial, const Check& check) const {
    Outcome outcome;
    Workspace workspace;
    Maker maker(workspace, trial.inputs, trial.seed);
    const auto configs = C::configs(trial.row->precision, trial.level);
    const auto& config = configs[static_cast<std::size_t>(trial.config)];
    if constexpr (requires { C::applies(config, trial.inputs); })
      if (!C::applies(config, trial.inputs)) return outcome;
    const Op args = C::make(maker, trial.row->precision, config);
    Runner<Op> runner(*trial.row, *trial.stream);
    std::vector<const void*> results;
    for (const View& output : outputs_of(args)) results.push_back(output.data);
    const std::uint64_t inputs = workspace.checksum(results), mode = float_mode();
    if (!runner.run(args)) return outcome;
    outcome.checked = true;
    if (workspace.checksum(results) != inputs) outcome.comparison.fail("an input was changed");
    if (float_mode() != mode) outcome.comparison.fail("the thread's rounding or denormal mode was not restored");
    if (!outcome.comparison.ok) return outcome;
    if (const std::string damage = workspace.damage(); !damage.empty()) {
      outcome.comparison.fail("stray write: " + damage);
      return outcome;
    }
    check(args, workspace, outcome);
    return outcome;
  }

  static std::vector<Doubles> values(const Op& args) {
    std::vector<Doubles> all;
    for (const View& output : outputs_of(args)) all.push_back(ref::load_all(output));
    return all;
  }
  // Unrounded results; outputs that the op reads back stay rounded, as the op's contract says.
  static std::vector<Doubles> reference(const Op& args, Workspace& workspace) {
    const Op expected = with_fresh_outputs(args, workspace, true, C::kStoredOutputs);
    run_reference(expected);
    return values(expected);
  }
  static Doubles joined(const std::vector<Doubles>& parts) {
    Doubles all;
    for (const Doubles& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
  }
};

/// For ops whose results are exact: no bound to derive and no plain loop to beat; equality is the stronger check.
struct ExactCases {
  static constexpr int kStoredOutputs = 0;
  template <class Op>
  static std::vector<Doubles> bounds(const Op&, const KernelRow&, const std::vector<Doubles>& expected) {
    std::vector<Doubles> zero;
    for (const Doubles& part : expected) zero.emplace_back(part.size(), 0.0);
    return zero;
  }
  template <class Op> static void plain(const Op& args) { run_reference(args); }
};

}  // namespace candor::test
