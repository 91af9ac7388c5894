// The pool and the stream above it: how work is cut, exceptions, sleeping workers, exchange under load, and a system
// that gives too few threads.
#include "backend/cpu/threads.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "candor/error.h"

namespace candor::cpu {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;  // its shadow memory does not live with a limit on the address space
#else
constexpr bool kSanitized = false;
#endif

struct Range {
  std::int64_t begin = 0, end = 0;
  int worker = -1;
};

template <class Body>
void run_parallel(Stream& stream, std::int64_t count, std::int64_t grain, Body&& body) {
  const auto run = [](void* self, std::int64_t begin, std::int64_t end, int worker) {
    (*static_cast<std::remove_reference_t<Body>*>(self))(begin, end, worker);
  };
  stream.parallel(count, grain, Task{run, &body});
}

/// The ranges that one call runs, rising. A worker must take one at a time.
std::vector<Range> ranges_of(Stream& stream, std::int64_t count, std::int64_t grain) {
  std::mutex mutex;
  std::vector<Range> ranges;
  std::vector<std::atomic<bool>> busy(static_cast<std::size_t>(stream.workers()));
  run_parallel(stream, count, grain, [&](std::int64_t begin, std::int64_t end, int worker) {
    EXPECT_FALSE(busy.at(static_cast<std::size_t>(worker)).exchange(true)) << "worker " << worker << " is two";
    {
      const std::lock_guard guard(mutex);
      ranges.push_back({begin, end, worker});
    }
    busy[static_cast<std::size_t>(worker)] = false;
  });
  std::sort(ranges.begin(), ranges.end(), [](const Range& x, const Range& y) { return x.begin < y.begin; });
  return ranges;
}

TEST(ThreadPool, CutsTheWholeRangeIntoContiguousMultiplesOfTheGrain) {
  for (const int workers : {1, 2, 3, 7}) {
    ThreadPool pool(workers);
    for (const std::int64_t grain : {0, 1, 3, 64, 1000})
      for (const std::int64_t count : {1, 2, 5, 63, 64, 65, 640, 1001}) {
        std::int64_t next = 0;
        for (const Range& range : ranges_of(pool, count, grain)) {
          ASSERT_EQ(range.begin, next) << workers << " workers, grain " << grain << ", count " << count;
          ASSERT_GT(range.end, range.begin);
          if (grain > 0) {
            ASSERT_EQ(range.begin % grain, 0);
          }
          next = range.end;
        }
        ASSERT_EQ(next, count) << workers << " workers, grain " << grain;
      }
  }
}

TEST(ThreadPool, FewerTasksThanWorkers) {
  ThreadPool pool(7);
  EXPECT_EQ(ranges_of(pool, 3, 1).size(), 3u);
  EXPECT_EQ(ranges_of(pool, 100, 60).size(), 2u);
  EXPECT_EQ(ranges_of(pool, 1000, 1).size(), 28u);  // four shares a worker
  EXPECT_EQ(ranges_of(pool, 0, 1).size(), 0u);
  EXPECT_EQ(ranges_of(pool, -5, 1).size(), 0u);
  const std::vector<Range> alone = ranges_of(pool, 10, 10);  // below two grains: nobody is woken
  ASSERT_EQ(alone.size(), 1u);
  EXPECT_EQ(alone[0].worker, 0);
}

TEST(ThreadPool, AnExceptionOfAnyShareReachesTheCallerAndThePoolGoesOn) {
  ThreadPool pool(4);
  for (int thrower = 0; thrower < 4; ++thrower)
    for (int round = 0; round < 20; ++round) {
      std::atomic<int> finished{0};
      auto body = [&](std::int64_t share, std::int64_t, int) {
        if (share == thrower) throw std::runtime_error("share " + std::to_string(share));
        ++finished;
      };
      try {
        run_parallel(pool, 4, 1, body);
        FAIL() << "nothing was thrown";
      } catch (const std::runtime_error& error) {
        EXPECT_EQ(error.what(), "share " + std::to_string(thrower));
      }
      EXPECT_EQ(finished, 3) << "the others end before the caller goes on";
      EXPECT_EQ(ranges_of(pool, 4, 1).size(), 4u);
    }
}

TEST(ThreadPool, OneExceptionOfSeveralIsThrownOnce) {
  ThreadPool pool(3);
  EXPECT_THROW(run_parallel(pool, 3, 1, [](std::int64_t, std::int64_t, int) { throw std::logic_error("all"); }),
               std::logic_error);
  EXPECT_EQ(ranges_of(pool, 3, 1).size(), 3u) << "the other exceptions are gone";
}

// Pauses around the time that workers spin before they sleep, and far beyond it.
TEST(ThreadPool, WorkersWakeHoweverLongTheyWaited) {
  ThreadPool pool(3);
  std::int64_t sum = 0;
  for (const int microseconds : {0, 10, 50, 100, 200, 1000, 20000})
    for (int round = 0; round < 20; ++round) {
      std::this_thread::sleep_for(std::chrono::microseconds(microseconds));
      std::atomic<std::int64_t> total{0};
      run_parallel(pool, 300, 1, [&](std::int64_t begin, std::int64_t end, int) { total += end - begin; });
      sum += total;
    }
  EXPECT_EQ(sum, 7 * 20 * 300);
}

// The caller takes what a worker that does not run leaves behind: with one held inside its share, the others finish all
// the rest.
TEST(ThreadPool, NobodyWaitsForShareThatAnotherCanTake) {
  ThreadPool pool(2);
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> done{0};
    run_parallel(pool, 8, 1, [&](std::int64_t begin, std::int64_t, int) {
      if (begin == 0)
        while (done < 7) std::this_thread::yield();  // never ends where shares belong to workers
      ++done;
    });
    EXPECT_EQ(done, 8);
  }
}

// A worker that was late for a job of few shares meets the next one, of many, while it is written.
TEST(ThreadPool, NoShareIsTakenTwiceWhenALargerJobFollows) {
  constexpr int kRounds = kSanitized ? 20'000 : 200'000;
  ThreadPool pool(6);
  std::vector<std::atomic<int>> taken(24);
  for (int round = 0; round < kRounds; ++round) {
    const std::int64_t count = round % 2 == 0 ? 2 : 24;
    for (auto& times : taken) times.store(0, std::memory_order_relaxed);
    run_parallel(pool, count, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) ++taken[static_cast<std::size_t>(i)];
    });
    for (std::int64_t i = 0; i < count; ++i) ASSERT_EQ(taken[static_cast<std::size_t>(i)], 1) << round << " " << i;
  }
}

TEST(ThreadPool, AnIdlePoolEnds) {
  for (int round = 0; round < 50; ++round) ThreadPool pool(5);
  ThreadPool sleeping(4);
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

TEST(ThreadPool, ScratchOfEveryWorkerAndTheSharedOneAreDistinct) {
  ThreadPool pool(2);
  std::byte* const places[] = {pool.scratch(0, 64), pool.scratch(1, 64), pool.shared_scratch(64)};
  for (std::byte* place : places) std::memset(place, 1, 64);
  EXPECT_NE(places[0], places[1]);
  EXPECT_NE(places[0], places[2]);
  EXPECT_NE(places[1], places[2]);
}

/// In a child, with as much more address space as `stacks` threads need: what `body` prints. "" when it printed
/// nothing.
template <class Body>
std::string in_confined_child(std::size_t stacks, const Body& body) {
  int pipe_ends[2];
  if (pipe(pipe_ends) != 0) return "no pipe";
  const pid_t child = fork();
  if (child == 0) {
    long pages = 0;
    std::FILE* statm = std::fopen("/proc/self/statm", "r");
    if (statm == nullptr || std::fscanf(statm, "%ld", &pages) != 1) _exit(2);
    std::fclose(statm);
    rlimit stack{};
    getrlimit(RLIMIT_STACK, &stack);
    const rlim_t each = stack.rlim_cur == RLIM_INFINITY ? rlim_t{2} << 20 : stack.rlim_cur;
    const rlim_t room = static_cast<rlim_t>(pages) * 4096 + static_cast<rlim_t>(stacks) * each + each / 2;
    const rlimit limit{room, room};
    if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(3);
    const std::string text = body();
    if (write(pipe_ends[1], text.data(), text.size()) < 0) _exit(4);
    _exit(0);
  }
  close(pipe_ends[1]);
  std::string text;
  char buffer[256];
  for (ssize_t n = 0; (n = read(pipe_ends[0], buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  close(pipe_ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (!WIFEXITED(status)) return "the child was ended by signal " + std::to_string(WTERMSIG(status));
  return WEXITSTATUS(status) == 0 ? text : "exit status " + std::to_string(WEXITSTATUS(status));
}

// Before every test that makes the stream in this process.
TEST(CpuStream, NeverStartsMoreThanTheFirstCallAsksFor) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer cannot live with a limit on the address space";
  const std::string text = in_confined_child(0, [] {
    try {
      set_cpu_threads(1);  // asked for because the system gives no thread for the other cores
      return std::to_string(cpu_threads());
    } catch (const DeviceError& error) {
      return std::string(error.what());
    }
  });
  EXPECT_EQ(text, "1");
}

class CpuThreads : public testing::Test {
 protected:
  void TearDown() override { set_cpu_threads(before_); }
  const int before_ = cpu_threads();
};

TEST_F(CpuThreads, TheStreamStaysWhenItsWorkersChange) {
  Stream& stream = cpu_stream();
  for (const int workers : {3, 1, 2, 2}) {
    set_cpu_threads(workers);
    EXPECT_EQ(&cpu_stream(), &stream);
    EXPECT_EQ(cpu_threads(), workers);
    const std::lock_guard guard(stream);
    EXPECT_EQ(stream.workers(), workers);
  }
  EXPECT_THROW(set_cpu_threads(0), ValueError);
  EXPECT_THROW(set_cpu_threads(1025), ValueError);
  EXPECT_EQ(cpu_threads(), 2);
}

// Under ThreadSanitizer, and under AddressSanitizer, this fails when an exchange does not wait for the running op.
TEST_F(CpuThreads, WorkersChangeWhileOpsRun) {
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> ops{0};
  const auto work = [&] {
    while (!stop) {
      Stream& stream = cpu_stream();
      const std::lock_guard guard(stream);
      for (int worker = 0; worker < stream.workers(); ++worker) stream.scratch(worker, 256);
      std::atomic<std::int64_t> total{0};
      run_parallel(stream, 1000, 1, [&](std::int64_t begin, std::int64_t end, int worker) {
        std::memset(stream.scratch(worker, 256), worker, 256);
        total += end - begin;
      });
      EXPECT_EQ(total, 1000);
      ++ops;
    }
  };
  std::thread first(work), second(work);
  for (int round = 0; round < 200 || ops < 100; ++round) set_cpu_threads(1 + round % 4);
  stop = true;
  first.join();
  second.join();
}

TEST_F(CpuThreads, TooFewThreadsAreAnErrorAndTheOldWorkersStay) {
  if (kSanitized) GTEST_SKIP() << "a sanitizer cannot live with a limit on the address space";
  set_cpu_threads(1);  // a child inherits no worker
  const std::string text = in_confined_child(3, [] {
    try {
      set_cpu_threads(64);
      return std::string("64 threads were had");
    } catch (const DeviceError& error) {
      const auto left = ranges_of(cpu_stream(), 10, 1);
      return std::string(error.what()) + " | " + std::to_string(cpu_threads()) + " " + std::to_string(left.size());
    }
  });
  EXPECT_EQ(text.rfind("threads: the system gave only ", 0), 0u) << text;
  EXPECT_NE(text.find(" of 64; ask for at most "), std::string::npos) << text;
  EXPECT_EQ(text.substr(text.size() - 5), "| 1 1") << text;
}

}  // namespace
}  // namespace candor::cpu
