#include "prove/bits/same_bits.h"

#include <cstdio>
#include <cstring>
#include <mutex>

#include "candor/error.h"
#include "prove/workers.h"

namespace candor::prove {
namespace {

constexpr int kThreadCounts[] = {1, 2, 3};
using Bytes = std::vector<std::byte>;

template <class Op>
bool made_for(const KernelRow& row, const BitsPlan& plan, BitsCases& cases) {
  if (!std::holds_alternative<Launch<Op>>(row.launch)) return false;
  cases = bits_cases<Op>(plan);
  return true;
}

/// A fold over the ops, so that one without cases does not link.
template <class... Ops>
BitsCases cases_for(OpList<Ops...>, const KernelRow& row, const BitsPlan& plan) {
  BitsCases cases;
  (void)(made_for<Ops>(row, plan, cases) || ...);
  return cases;
}

std::string row_text(const KernelRow& row) { return std::string(row.name) + " " + std::string(isa_name(row.isa)); }

void clear(const std::vector<View>& results) {
  for (const View& result : results)
    if (const std::size_t bytes = bytes_behind(result); bytes > 0) std::memset(result.as<std::byte>(), 0xb5, bytes);
}

Bytes bytes_of(const std::vector<View>& results) {
  Bytes all;
  for (const View& result : results) {
    const auto* begin = result.as<std::byte>();
    all.insert(all.end(), begin, begin + bytes_behind(result));
  }
  return all;
}

ProofCheck not_tried(ProofCheck check, const std::string& why) {
  check.verdict = ProofVerdict::unseen;
  check.found = "not tried";
  check.finding = "not tried: " + why;
  return check;
}

/// All runs of one class. What a row gives for a whole call on one thread is what its other runs must equal; that of
/// the first row is what the others must equal.
class Comparison {
 public:
  Comparison(const BitsClass& of, const ProveOptions& options) : class_(of) {
    const Subject& first = of.subjects.front();
    cases_ = cases_for(AllOps{}, *first.row, {first.storage, options.quick, options.seed});
    first_.resize(cases_.size());
    own_.assign(of.subjects.size(), std::vector<Bytes>(cases_.size()));
  }

  void run_with(int threads) {
    threads_.push_back(threads);
    for (std::size_t s = 0; s < class_.subjects.size(); ++s)
      for (std::size_t c = 0; c < cases_.size(); ++c) {
        run(s, c, false);
        if (threads_.size() == 1) run(s, c, true);
      }
  }

  ProofCheck check() const {
    ProofCheck check;
    check.section = "same bits";
    check.what = class_.text();
    check.claimed = "one hash";
    check.evidence = evidence();
    check.finding = finding_;
    char hash[40];
    std::snprintf(hash, sizeof hash, "one hash %016llx", static_cast<unsigned long long>(hash_));
    check.found = finding_.empty() ? hash : "other bits";
    if (!finding_.empty()) check.verdict = ProofVerdict::mismatch;
    if (threads_.empty()) return not_tried(check, "no number of threads can be set");
    if (runs_ == 0) return not_tried(check, "every row refuses every shape");
    return compared_ == 0 ? not_tried(check, "nothing ran twice") : check;
  }

 private:
  void run(std::size_t s, std::size_t c, bool alone) {
    const BitsCase& one = *cases_[c];
    const Subject& subject = class_.subjects[s];
    Stream& stream = subject.backend->stream();
    clear(one.results());
    std::unique_lock<Stream> lock(stream);  // until the results are there: whoever changes the workers waits for it
    if (!(alone ? one.run_alone(*subject.row, stream) : one.run_whole(*subject.row, stream))) return;
    lock.unlock();
    ++runs_;
    alone_runs_ += alone ? 1 : 0;
    compared_ += first_[c].empty() ? 0 : 1;
    Bytes bytes = bytes_of(one.results());
    Bytes& own = own_[s][c];
    if (!own.empty()) {
      alone ? expect_alone(c, s, own, bytes) : expect_threads(c, s, own, bytes);
      return;
    }
    if (first_[c].empty()) {
      first_[c] = bytes;
      leader_ = leader_ == nullptr ? subject.row : leader_;
      hash_ = hashed(bytes, hash_);
    }
    alone ? expect_alone(c, s, first_[c], bytes) : expect_first(c, s, bytes);
    if (!alone) own = std::move(bytes);
  }

  void expect_threads(std::size_t c, std::size_t s, const Bytes& own, const Bytes& bytes) {
    const std::string where = first_difference(cases_[c]->results(), bytes, own);
    if (where.empty()) return;
    add("threads", std::to_string(threads_.back()) + " threads give other bits than " +
                       std::to_string(threads_.front()) + " (" + where + "; " + run_text(s, c) + ")");
  }
  void expect_alone(std::size_t c, std::size_t s, const Bytes& whole, const Bytes& bytes) {
    const std::string where = first_difference(cases_[c]->results(), whole, bytes);
    if (!where.empty())
      add("prefill differs from decode", "rows together and each alone (" + where + "; " + run_text(s, c) + ")");
  }
  void expect_first(std::size_t c, std::size_t s, const Bytes& bytes) {
    const std::string where = first_difference(cases_[c]->results(), bytes, first_[c]);
    if (where.empty()) return;
    add("rows", row_text(*class_.subjects[s].row) + " gives other bits than " + row_text(*leader_) + " (" + where +
                    "; " + cases_[c]->text() + ")");
  }
  std::string run_text(std::size_t s, std::size_t c) const {
    return row_text(*class_.subjects[s].row) + ", " + cases_[c]->text();
  }

  /// The first difference of each kind says enough.
  void add(const std::string& kind, const std::string& text) {
    if (finding_.find(kind + ": ") != std::string::npos) return;
    finding_ += (finding_.empty() ? "" : "; ") + kind + ": " + text;
  }

  std::string evidence() const {
    std::string text;
    for (const Subject& subject : class_.subjects) text += (text.empty() ? "" : ", ") + row_text(*subject.row);
    text += "; threads:";
    for (const int count : threads_) text.append(" ").append(std::to_string(count));
    text += alone_runs_ > 0 ? "; rows together and alone; " : "; ";
    return text + std::to_string(cases_.size()) + " inputs, " + std::to_string(runs_) + " runs";
  }

  const BitsClass& class_;
  BitsCases cases_;
  std::vector<Bytes> first_;             // of each case
  std::vector<std::vector<Bytes>> own_;  // of each row and case
  const KernelRow* leader_ = nullptr;    // the row whose results are in first_
  std::vector<int> threads_;
  std::uint64_t hash_ = kEmptyHash;
  std::size_t runs_ = 0, alone_runs_ = 0, compared_ = 0;
  std::string finding_;
};

}  // namespace

std::string BitsClass::text() const {
  const KernelRow& row = *subjects.front().row;
  const Storage3& s = subjects.front().storage;
  const Precision& p = row.precision;
  const auto name = [](DType dtype) { return std::string(dtype == DType::any ? "-" : dtype_name(dtype)); };
  return std::string(row.op) + " " + name(s.a) + "·" + name(s.b) + "→" + name(s.out) + " " + name(p.compute) + "/" +
         name(p.accumulate) + (flushes_denormals(row.instruction_class) ? ", subnormals flushed" : "");
}

std::vector<BitsClass> bits_classes(std::span<const Backend> backends, const ProveOptions& options) {
  std::vector<BitsClass> classes;
  std::map<std::string, std::size_t> index;
  for (const Backend& backend : backends) {
    if (backend.reference || (!options.backend.empty() && backend.name != options.backend)) continue;
    for (const KernelRow* row : rows_to_prove(backend, options.quick)) {
      if (!options.op.empty() && row->op != options.op) continue;
      for (const Storage3& storage : storages_of(*row)) {
        const BitsClass alone{{{&backend, row, storage}}};
        const auto [at, made] = index.emplace(std::string(backend.name) + ": " + alone.text(), classes.size());
        if (made) classes.emplace_back();
        classes[at->second].subjects.push_back(alone.subjects.front());
      }
    }
  }
  return classes;
}

namespace {

ProofCheck check_of(const BitsClass& one, const ProveOptions& options, const Workers& workers) {
  try {
    Comparison comparison(one, options);
    const Backend& backend = *one.subjects.front().backend;
    const bool fixed = backend.set_workers == nullptr;  // one run, then, and each row alone
    for (const int count : kThreadCounts) {
      if (options.cancel != nullptr && *options.cancel) throw Cancelled("prove: cancelled");
      if (fixed && count != kThreadCounts[0]) break;
      if (workers.set(count)) comparison.run_with(fixed ? backend.stream().workers() : count);
    }
    return comparison.check();
  } catch (const OutOfMemory&) {
    throw;
  } catch (const Cancelled&) {
    throw;
  } catch (const Error& error) {  // a kernel's: what it is asked for, it does not refuse
    ProofCheck check;
    check.section = "same bits";
    check.what = one.text();
    check.claimed = "one hash";
    return not_tried(check, error.what());
  }
}

}  // namespace

std::vector<ProofCheck> prove_same_bits(std::span<const Backend> backends, const ProveOptions& options) {
  const Workers workers(backends);
  std::vector<ProofCheck> checks;
  for (const BitsClass& one : bits_classes(backends, options)) checks.push_back(check_of(one, options, workers));
  return checks;
}

std::vector<ProofCheck> prove_same_bits(const ProveOptions& options) {
  return prove_same_bits(installed_backends(), options);
}

}  // namespace candor::prove
