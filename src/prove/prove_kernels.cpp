#include "prove/prove_kernels.h"

#include <algorithm>
#include <chrono>
#include <future>
#include <span>

#include "candor/error.h"
#include "prove/bits/same_bits.h"
#include "prove/bytes/bytes.h"
#include "prove/code/instructions.h"
#include "prove/inference.h"
#include "prove/workers.h"

namespace candor {

std::string_view proof_verdict_name(ProofVerdict verdict) {
  switch (verdict) {
    case ProofVerdict::proven:
      return "proven";
    case ProofVerdict::unseen:
      return "unseen";
    case ProofVerdict::mismatch:
      return "mismatch";
  }
  return "";
}

std::size_t ProveReport::count(ProofVerdict verdict) const {
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const RowProof& row) { return row.verdict == verdict; }));
}

std::size_t ProveReport::count_checks(ProofVerdict verdict) const {
  return static_cast<std::size_t>(
      std::count_if(checks.begin(), checks.end(), [&](const ProofCheck& check) { return check.verdict == verdict; }));
}

bool ProveReport::all_proven() const {
  return !(rows.empty() && checks.empty()) && count(ProofVerdict::proven) == rows.size() &&
         count_checks(ProofVerdict::proven) == checks.size();
}

namespace prove {
namespace {

template <class Op>
bool made_for(const KernelRow& row, const Storage3& storage, std::unique_ptr<Experiment>& made) {
  if (!std::holds_alternative<Launch<Op>>(row.launch)) return false;
  made = make_experiment<Op>(storage);
  return true;
}

/// A fold over the ops, so that one without an experiment does not link.
template <class... Ops>
std::unique_ptr<Experiment> experiment_for(OpList<Ops...>, const KernelRow& row, const Storage3& storage) {
  std::unique_ptr<Experiment> made;
  (void)(made_for<Ops>(row, storage, made) || ...);
  return made;
}

/// True when a row before `row` takes all that `row` would take: it refuses nothing, or the same.
bool out_of_reach(const KernelRow& row, std::span<const KernelRow* const> before) {
  const auto refuses_nothing = [](auto refuses) { return refuses == nullptr; };
  return std::any_of(before.begin(), before.end(), [&](const KernelRow* other) {
    return other->op == row.op && other->precision == row.precision &&
           (std::visit(refuses_nothing, other->refuses) || other->refuses == row.refuses);
  });
}

void require_known(const char* what, const std::string& name, const std::vector<std::string_view>& known) {
  if (name.empty() || std::find(known.begin(), known.end(), name) != known.end()) return;
  std::string list;
  for (const std::string_view one : known) list += (list.empty() ? "" : ", ") + std::string(one);
  throw ValueError("prove: no " + std::string(what) + " is called '" + name + "'; there are " + list);
}

template <class... Ops>
std::vector<std::string_view> op_names(OpList<Ops...>) {
  return {Ops::name...};
}

void check(const ProveOptions& options) {
  std::vector<std::string_view> backends;
  for (const Backend& backend : installed_backends())
    if (backend.built) backends.push_back(backend.name);
  require_known("op", options.op, op_names(AllOps{}));
  require_known("backend", options.backend, backends);
}

/// True when there is no plan, or one of its ops runs on this row with this storage.
bool planned(const std::vector<ExplainedOp>& plan, const KernelRow& row, const Storage3& storage) {
  return plan.empty() || std::any_of(plan.begin(), plan.end(), [&](const ExplainedOp& op) {
           const Precision& p = op.precision;
           return op.op == row.op && op.kernel == row.name && op.isa == isa_name(row.isa) &&
                  op.instruction_class == instruction_class_name(row.instruction_class) &&
                  p.compute == row.precision.compute && p.accumulate == row.precision.accumulate &&
                  (row.precision.a == DType::any || p.a == storage.a) &&
                  (row.precision.b == DType::any || p.b == storage.b) &&
                  (row.precision.out == DType::any || p.out == storage.out);
         });
}

std::vector<Subject> subjects_of(const ProveOptions& options) {
  std::vector<Subject> subjects;
  for (const Backend& backend : installed_backends()) {
    if (!options.backend.empty() && backend.name != options.backend) continue;
    for (const KernelRow* row : rows_to_prove(backend, options.quick && options.plan.empty()))
      if (options.op.empty() || row->op == options.op)
        for (const Storage3& storage : storages_of(*row))
          if (planned(options.plan, *row, storage)) subjects.push_back({&backend, row, storage});
  }
  return subjects;
}

/// A row that no experiment could be made for, or whose kernel threw.
RowProof unproven(const Subject& subject, const std::string& why) {
  RowProof proof = described(*subject.row);
  proof.verdict = ProofVerdict::unseen;
  proof.finding = "not tried: " + why;
  return proof;
}

/// What the code says against the row joins what its results say.
void add_code(RowProof& proof, CodeProof code) {
  if (!code.finding.empty()) {
    proof.verdict = ProofVerdict::mismatch;
    proof.finding += (proof.finding.empty() ? "" : "; ") + ("instructions: " + code.finding);
  }
  proof.code = std::move(code);
}

}  // namespace

std::vector<const KernelRow*> rows_to_prove(const Backend& backend, bool quick) {
  std::vector<const KernelRow*> rows;
  if (!backend.built || (quick && backend.reference)) return rows;
  const Isa isa = backend.active_isa();
  for (const KernelRow& row : backend.rows)
    if (row.isa <= isa && !(quick && out_of_reach(row, rows))) rows.push_back(&row);
  return rows;
}

std::vector<Storage3> storages_of(const KernelRow& row) {
  const Precision& p = row.precision;
  if (p.a != DType::any && p.b != DType::any && p.out != DType::any) return {{p.a, p.b, p.out}};
  const auto or_any = [](DType stored, DType any) { return stored == DType::any ? any : stored; };
  std::vector<Storage3> storages;
  for (const DType dtype : {DType::f32, DType::bf16})
    storages.push_back({or_any(p.a, dtype), or_any(p.b, dtype), or_any(p.out, dtype)});
  if (row.op == Cast::name && p.a == DType::any && p.out == DType::any) {
    storages.push_back({DType::f32, DType::f32, DType::bf16});
    storages.push_back({DType::bf16, DType::bf16, DType::f32});
  }
  return storages;
}

const Experiment& Experiments::of(const KernelRow& row, const Storage3& storage) {
  std::unique_lock<std::mutex> lock(mutex_);
  Made& made = made_[{row.launch.index(), storage.a, storage.b, storage.out}];
  lock.unlock();
  Storage3 seeded = storage;
  seeded.seed = seed_;
  std::call_once(made.once, [&] { made.experiment = experiment_for(AllOps{}, row, seeded); });
  return *made.experiment;
}

RowProof prove_row(const Subject& subject, Experiments& experiments) {
  RowProof proof;
  try {
    const Experiment& experiment = experiments.of(*subject.row, subject.storage);
    const Inference inference = infer(experiment, subject.storage, *subject.row, subject.backend->stream());
    proof = judge(*subject.row, experiment, inference);
  } catch (const OutOfMemory&) {
    throw;
  } catch (const Error& error) {
    proof = unproven(subject, error.what());
  }
  proof.backend = subject.backend->name;
  proof.precision.a = subject.storage.a;
  proof.precision.b = subject.storage.b;
  proof.precision.out = subject.storage.out;
  return proof;
}

namespace {

/// Rows are proven on several threads: most of the time goes into predictions, and a stream runs one launch at a time.
class Work {
 public:
  Work(const std::vector<Subject>& subjects, const ProveOptions& options, std::vector<RowProof>& proofs)
      : subjects_(subjects), options_(options), proofs_(proofs), experiments_(options.seed) {
    proofs_.resize(subjects.size());
  }
  /// Takes rows until there are none, a row throws or the caller cancels. errors: those of the rows, Cancelled
  void take_rows() {
    try {
      for (std::size_t i; (i = next_++) < subjects_.size();) {
        proofs_[i] = prove_row(subjects_[i], experiments_);
        if (options_.cancel != nullptr && *options_.cancel) throw Cancelled("prove: cancelled");
        const std::lock_guard<std::mutex> lock(mutex_);
        if (options_.progress) options_.progress({"proving", "rows", ++done_, subjects_.size()});
      }
    } catch (...) {
      next_ = subjects_.size();  // the others stop too
      throw;
    }
  }

 private:
  const std::vector<Subject>& subjects_;
  const ProveOptions& options_;
  std::vector<RowProof>& proofs_;
  Experiments experiments_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;  // of what follows, and one callback at a time
  std::size_t done_ = 0;
};

/// Where the system gives no thread the work is done in get().
constexpr auto kThreadIfAny = std::launch::async | std::launch::deferred;

void prove_rows(const std::vector<Subject>& subjects, const ProveOptions& options, std::vector<RowProof>& proofs) {
  int workers = 1;
  for (const Subject& subject : subjects) workers = std::max(workers, subject.backend->stream().workers());
  const Workers inside(installed_backends());
  inside.set(1);  // the cores are for rows: canaries are small, and prove_same_bits() looks at workers
  Work work(subjects, options, proofs);
  std::vector<std::future<void>> others;  // their destructors wait
  for (int i = 1; i < workers; ++i) others.push_back(std::async(kThreadIfAny, [&work] { work.take_rows(); }));
  work.take_rows();
  for (std::future<void>& other : others) other.get();
}

/// After the rows: the number of threads changes meanwhile, and other work would disturb what is measured of memory.
void add_checks(std::vector<ProofCheck>& checks, const ProveOptions& options) {
  checks = prove_same_bits(options);
  if (!options.op.empty() || !options.backend.empty()) return;  // bytes are of no op and of no backend
  for (ProofCheck& check : prove_bytes(options)) checks.push_back(std::move(check));
}

}  // namespace
}  // namespace prove

ProveReport prove_kernels(const ProveOptions& options) {
  prove::check(options);
  const auto start = std::chrono::steady_clock::now();
  ProveReport report;
  const std::vector<prove::Subject> subjects = prove::subjects_of(options);
  prove::ProgramCode code;
  std::future<void> reading;  // of the code, on a core of its own while rows run
  if (options.code) reading = std::async(prove::kThreadIfAny, [&] { code.read(options.cancel); });
  prove::prove_rows(subjects, options, report.rows);
  if (options.code) reading.get();
  for (std::size_t i = 0; i < subjects.size(); ++i) prove::add_code(report.rows[i], code.of(*subjects[i].row));
  if (options.checks) prove::add_checks(report.checks, options);
  report.notes = code.notes();
  if (subjects.empty()) report.notes.push_back("no row was tried: none is of the op, backend or plan asked for");
  report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return report;
}

}  // namespace candor
