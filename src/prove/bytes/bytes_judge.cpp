#include "prove/bytes/bytes_judge.h"

#include <algorithm>
#include <cstdlib>

#include "prove/bytes/dtype_sizes.h"

namespace candor::prove {
namespace {

constexpr double kGrowthBound = 0.2;

std::string name(DType dtype) { return std::string(dtype_name(dtype)); }

ProofCheck check_of(const std::string& what, const std::string& claimed) {
  ProofCheck check;
  check.section = "bytes";
  check.what = what;
  check.claimed = check.found = claimed;
  return check;
}

/// Takes it back that all was found as claimed.
void add_finding(ProofCheck& check, const std::string& finding) {
  check.verdict = ProofVerdict::mismatch;
  check.finding += (check.finding.empty() ? "" : "; ") + finding;
  check.found = check.finding;
}

void cannot_see(ProofCheck& check, const std::string& why) {
  check.verdict = ProofVerdict::unseen;
  check.finding = why;
  check.found = "not seen";
}

double an_element(const TensorMeasured& measured, double bytes) {
  const double each = bytes / static_cast<double>(measured.elements);
  return each < 0 ? 0 : each;
}

bool close(double bytes, double claimed) { return std::abs(bytes - claimed) <= kGrowthBound * claimed; }

/// To a sixteenth of a byte: pages that come and go are not to be read.
std::string rounded_text(double bytes) {
  const double sixteenths = static_cast<double>(static_cast<std::int64_t>(bytes * 16 + 0.5));
  return bytes_text(sixteenths / 16);
}

std::string mebibytes(std::uint64_t bytes) {
  const std::uint64_t mib = (bytes + (1u << 19)) >> 20;
  return mib > 0 ? grouped(mib) + " MiB" : grouped(bytes >> 10) + " KiB";
}

}  // namespace

bool grew_as_claimed(const TensorMeasured& measured) {
  const auto claimed = static_cast<double>(bytes_of_elements(measured.dtype, measured.elements));
  return close(static_cast<double>(measured.resident), claimed) &&
         close(static_cast<double>(measured.reserved), claimed);
}

ProofCheck judge_tensor(const TensorMeasured& m) {
  const std::uint64_t bytes = bytes_of_elements(m.dtype, m.elements);
  const double claimed = an_element(m, static_cast<double>(bytes));
  const std::string says = "; nbytes says " + bytes_text(an_element(m, static_cast<double>(m.nbytes)));
  ProofCheck check =
      check_of("tensor " + name(m.dtype) + "[" + grouped(m.elements) + "]", bytes_text(claimed) + " an element");
  check.evidence = "nbytes " + grouped(m.nbytes) + ", ledger " + grouped(m.ledger) + ", resident memory grew by " +
                   std::to_string(m.resident) + ", address space by " + std::to_string(m.reserved);
  if (!m.seen) cannot_see(check, "the system does not say what the process has in memory");
  if (m.seen && !grew_as_claimed(m)) {
    const auto resident = static_cast<double>(m.resident), reserved = static_cast<double>(m.reserved);
    const double taken = close(resident, static_cast<double>(bytes)) ? reserved : resident;
    add_finding(check, name(m.dtype) + " takes " + rounded_text(an_element(m, taken)) + " an element in memory, not " +
                           bytes_text(claimed) + says);
  } else if (m.nbytes != bytes) {
    add_finding(check, "nbytes says " + bytes_text(an_element(m, static_cast<double>(m.nbytes))) + " an element of " +
                           name(m.dtype) + ", which takes " + bytes_text(claimed));
  }
  if (m.ledger != bytes)
    add_finding(check, "the ledger counts " + grouped(m.ledger) + " bytes of " + name(m.dtype) + "; " + grouped(bytes) +
                           " were allocated");
  return check;
}

ProofCheck judge_copies(const CopyMeasured& m) {
  ProofCheck check = check_of(m.what, "result and workspace, no copy");
  check.evidence = mebibytes(m.peak) + " more resident than before, at most (" + m.how + "); result " +
                   mebibytes(m.result) + ", workspace " + mebibytes(m.workspace) + ", operand " + mebibytes(m.operand);
  // A quarter of the operand: the smallest copy is half of it (two bytes for four), and small things come and go.
  const std::uint64_t allowed = m.result + m.workspace;
  if (!m.seen) {
    cannot_see(check, "the system does not say what the process has in memory");
  } else if (m.peak > allowed + m.operand / 4) {
    add_finding(check, "a hidden copy: " + mebibytes(m.peak - allowed) + " more than result and workspace");
  }
  if (m.workspace > m.operand / 4)
    add_finding(check,
                "a copy in the workspace: " + mebibytes(m.workspace) + " beside an operand of " + mebibytes(m.operand));
  return check;
}

ProofCheck judge_casts(const CastsMeasured& m) {
  const auto arrow = [](DType from, DType to) { return name(from) + " → " + name(to); };
  ProofCheck check =
      check_of("casts in the ledger: " + m.what, m.made.empty() ? "none" : "every cast is in the ledger");
  for (const CastCounted& made : m.made) {
    std::uint64_t elements = 0;
    for (const CastEntry& entry : m.recorded)
      if (entry.from == made.from && entry.to == made.to) elements += entry.elements;
    check.evidence += (check.evidence.empty() ? "" : ", ") + arrow(made.from, made.to) + ": " + grouped(elements) +
                      " of " + grouped(made.elements) + " elements";
    if (elements == made.elements) continue;
    const std::string cast = "a cast " + arrow(made.from, made.to) + " of " + grouped(made.elements) + " elements ";
    add_finding(check, cast + (elements == 0 ? "is not in the ledger"
                                             : "is in the ledger with " + grouped(elements) + " elements"));
  }
  for (const CastEntry& entry : m.recorded)
    if (std::none_of(m.made.begin(), m.made.end(),
                     [&](const CastCounted& made) { return made.from == entry.from && made.to == entry.to; }))
      add_finding(check, "a cast " + arrow(entry.from, entry.to) + " of " + grouped(entry.elements) +
                             " elements that nothing asked for (" + entry.reason + ")");
  return check;
}

namespace {

/// Of every dtype: counted bytes against those of the receipt.
void compare_bytes(ProofCheck& check, const BytesByDType& counted, const BytesByDType& said, const char* verb) {
  BytesByDType all = counted;
  for (const auto& [dtype, bytes] : said) all.emplace(dtype, 0);
  for (const auto& [dtype, bytes] : all) {
    const auto at = said.find(dtype);
    const std::uint64_t receipt = at == said.end() ? 0 : at->second;
    check.evidence += (check.evidence.empty() ? "" : ", ") + name(dtype) + " " + verb + ": " + grouped(receipt) +
                      " of " + grouped(bytes);
    if (receipt != bytes)
      add_finding(check, "the receipt says " + grouped(receipt) + " bytes of " + name(dtype) + " were " + verb + "; " +
                             grouped(bytes) + " were");
  }
}

}  // namespace

ProofCheck judge_receipt(const ReceiptMeasured& m) {
  ProofCheck check = check_of("receipt of " + m.what, "one call, bytes as its shapes say");
  std::uint64_t calls = 0;
  BytesByDType read, written;
  for (const KernelEntry& entry : m.recorded) {
    if (entry.op != m.op) {
      add_finding(check, "the receipt has a call of " + entry.op + ", which was not asked for");
      continue;
    }
    calls += entry.calls;
    for (int i = 0; i < static_cast<int>(DType::count_); ++i) {
      if (entry.bytes_read[i] != 0) read[static_cast<DType>(i)] += entry.bytes_read[i];
      if (entry.bytes_written[i] != 0) written[static_cast<DType>(i)] += entry.bytes_written[i];
    }
  }
  if (calls != 1) add_finding(check, "the receipt counts " + grouped(calls) + " calls of " + m.op + ", not 1");
  if (calls == 0) return check;
  compare_bytes(check, m.read, read, "read");
  compare_bytes(check, m.written, written, "written");
  return check;
}

}  // namespace candor::prove
