// matmul and qkv_projection.
#include "prove/dot/dot_experiment.h"

namespace candor::prove {
namespace {

class MatmulExperiment final : public DotExperiment {
 public:
  using DotExperiment::DotExperiment;

 protected:
  void run_places(const DotCanary& canary, const Arrangement& arrangement, Operands& memory, const KernelRow& row,
                  Stream& stream, std::vector<Result>& results) const override {
    const DotOperands in = place(canary, arrangement, memory);
    const Matmul args{.x = in.x,
                      .weight = in.weight,
                      .bias = in.bias,
                      .y = memory.result(storage_.out, {arrangement.rows, kDotColumns})};
    if (launch(row, stream, args)) collect(args.y, arrangement.text(), results);
  }
  void run_every_place(const Arrangement& arrangement, Operands& memory, const KernelRow& row, Stream& stream,
                       std::vector<Result>& results) const override {
    const Matmul args{.x = every_place_.x(memory, arrangement.rows),
                      .weight = every_place_.weight(memory, 0, arrangement.layout),
                      .bias = every_place_.bias(memory, 0),
                      .y = every_place_.result(memory, arrangement.rows)};
    if (launch(row, stream, args)) results.push_back({arrangement.text(), every_place_.misplaced(args.y, 0)});
  }
};

class QkvExperiment final : public DotExperiment {
 public:
  using DotExperiment::DotExperiment;

 protected:
  void run_places(const DotCanary& canary, const Arrangement& arrangement, Operands& memory, const KernelRow& row,
                  Stream& stream, std::vector<Result>& results) const override {
    const DotOperands in = place(canary, arrangement, memory);
    const auto result = [&] { return memory.result(storage_.out, {arrangement.rows, kDotColumns}); };
    const QkvProjection args{.x = in.x,
                             .q_weight = in.weight,
                             .k_weight = in.weight,
                             .v_weight = in.weight,
                             .q_bias = in.bias,
                             .k_bias = in.bias,
                             .v_bias = in.bias,
                             .q = result(),
                             .k = result(),
                             .v = result()};
    if (!launch(row, stream, args)) return;
    collect(args.q, arrangement.text() + ", q", results);
    collect(args.k, arrangement.text() + ", k", results);
    collect(args.v, arrangement.text() + ", v", results);
  }
  void run_every_place(const Arrangement& arrangement, Operands& memory, const KernelRow& row, Stream& stream,
                       std::vector<Result>& results) const override {
    const auto weight = [&](int number) { return every_place_.weight(memory, number, arrangement.layout); };
    const auto bias = [&](int number) { return every_place_.bias(memory, number); };
    const auto result = [&] { return every_place_.result(memory, arrangement.rows); };
    const QkvProjection args{.x = every_place_.x(memory, arrangement.rows),
                             .q_weight = weight(0),
                             .k_weight = weight(1),
                             .v_weight = weight(2),
                             .q_bias = bias(0),
                             .k_bias = bias(1),
                             .v_bias = bias(2),
                             .q = result(),
                             .k = result(),
                             .v = result()};
    if (!launch(row, stream, args)) return;
    results.push_back({arrangement.text() + ", q", every_place_.misplaced(args.q, 0)});
    results.push_back({arrangement.text() + ", k", every_place_.misplaced(args.k, 1)});
    results.push_back({arrangement.text() + ", v", every_place_.misplaced(args.v, 2)});
  }
};

}  // namespace

template <>
std::unique_ptr<Experiment> make_experiment<Matmul>(const Storage3& storage) {
  return std::make_unique<MatmulExperiment>(storage);
}
template <>
std::unique_ptr<Experiment> make_experiment<QkvProjection>(const Storage3& storage) {
  return std::make_unique<QkvExperiment>(storage);
}

}  // namespace candor::prove
