// include/candor/machine.h: this machine, its kernels, its threads.
#include "candor/machine.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <thread>

#include "candor/error.h"
#include "candor/ops.h"
#include "kernels/all_ops.h"

namespace candor {
namespace {

template <class... Ops>
std::set<std::string> names(OpList<Ops...>) {
  return {std::string(Ops::name)...};
}

TEST(Machine, Info) {
  const MachineInfo info = machine_info();
  const std::set<std::string> isas = {"baseline", "avx2", "avx512", "avx512bf16"};
  EXPECT_EQ(isas.count(info.best_isa), 1u) << info.best_isa;
  EXPECT_EQ(isas.count(info.active_isa), 1u) << info.active_isa;
  EXPECT_GE(info.cores, 1);
  EXPECT_EQ(info.threads, threads());
  EXPECT_GT(info.memory_bytes, std::uint64_t{64} << 20);
  for (const std::string& text : {info.cpu_model, info.version, info.build_hash, info.compiler}) EXPECT_NE(text, "");
}

TEST(Machine, ListsEveryOpForTheDeviceAndTheReference) {
  std::set<std::string> device, reference, models;
  for (const KernelListing& row : list_kernels()) {
    EXPECT_TRUE(row.backend == "cpu" || row.backend == "ref") << row.backend;
    EXPECT_TRUE(row.built);
    EXPECT_EQ(row.kernel.rfind(row.backend + "/", 0), 0u) << row.kernel;
    (row.backend == "ref" ? reference : device).insert(row.op);
    models.insert(row.error_model);
    if (row.backend == "ref") {
      EXPECT_TRUE(row.runs_here);
      EXPECT_EQ(row.instruction_class, "f64-loop");
      EXPECT_EQ(row.precision.compute, DType::f64);
    }
  }
  EXPECT_EQ(device, names(AllOps{}));
  EXPECT_EQ(reference, names(AllOps{}));
  EXPECT_EQ(models.count("unknown"), 0u);
}

TEST(Machine, DTypeSupportInItsWords) {
  const std::set<std::string> storage = {"yes", "storage only", "compute only"},
                              matmul = {"native", "via f32", "refused"}, casts = {"yes", "refused"};
  for (const DTypeSupport& support : dtype_support()) {
    const std::string name(dtype_name(support.dtype));
    EXPECT_EQ(storage.count(support.storage), 1u) << name << " " << support.storage;
    EXPECT_EQ(matmul.count(support.matmul), 1u) << name << " " << support.matmul;
    EXPECT_EQ(casts.count(support.cast), 1u) << name << " " << support.cast;
    if (support.dtype == DType::f32) {
      EXPECT_EQ(support.matmul, "native");
    }
    if (support.dtype == DType::q4_0) {
      EXPECT_EQ(support.matmul, "via f32");
    }
    if (support.dtype == DType::i8) {
      EXPECT_EQ(support.matmul, "refused");
    }
    if (support.dtype == DType::tf32) {
      EXPECT_EQ(support.storage, "compute only");
    }
  }
}

TEST(Threads, RangeAndEffect) {
  const int before = threads();
  for (const int workers : {0, -1, 1025}) {
    try {
      set_threads(workers);
      ADD_FAILURE() << workers << " was accepted";
    } catch (const ValueError& error) {
      EXPECT_EQ(std::string(error.what()), "threads: " + std::to_string(workers) + " is outside 1 … 1024");
    }
    EXPECT_EQ(threads(), before);
  }
  std::vector<float> values(100'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 100) * 0.01f;
  const Tensor x = Tensor::from_f32(values, {100, 1000});
  set_threads(1);
  const std::vector<float> alone = softmax(x).to_f32();
  for (const int workers : {3, 2}) {
    set_threads(workers);
    EXPECT_EQ(threads(), workers);
    EXPECT_EQ(machine_info().threads, workers);
    EXPECT_EQ(softmax(x).to_f32(), alone);
  }
  set_threads(before);
}

TEST(Threads, ChangeWhileOpsRun) {
  const int before = threads();
  const Tensor x = full({64, 500}, DType::f32, 0.25);
  const std::vector<float> expected = softmax(x).to_f32();
  std::atomic<bool> done{false};
  std::atomic<int> ran{0};
  std::vector<std::thread> callers;
  for (int i = 0; i < 2; ++i)
    callers.emplace_back([&] {
      while (!done.load()) {
        EXPECT_EQ(softmax(x).to_f32(), expected);
        ++ran;
      }
    });
  for (int i = 0; i < 60 || ran.load() < 10; ++i) set_threads(1 + i % 3);
  done.store(true);
  for (std::thread& caller : callers) caller.join();
  set_threads(before);
}

}  // namespace
}  // namespace candor
