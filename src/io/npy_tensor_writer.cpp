// One tensor as .npy, and beside it the file that names a dtype which NumPy has not. A reader that comes at any moment
// finds the old pair, the new pair, or an array without a name for its dtype; never one array with the other's name.
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <filesystem>
#include <optional>
#include <sstream>

#include "candor/error.h"
#include "io/checkpoint_writers.h"
#include "io/npy_header.h"
#include "io/refuse.h"
#include "io/sequential_file.h"
#include "io/strict_json.h"

namespace candor::io {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view kFormat = "npy";

bool is_there(const std::string& path) {
  std::error_code error;
  return fs::exists(fs::symlink_status(path, error));  // a dangling link is there too
}

/// The dtype that the name of an old array says. Any other file of that name is nothing to replace.
/// errors   FormatError
std::optional<DType> replaceable_name(const std::string& path) {
  const std::string sidecar = npy_sidecar(path);
  try {
    const std::optional<DType> dtype = npy_sidecar_dtype(path);
    if (!dtype || parse_strict_json(read_text_file(sidecar), sidecar).size() == 1) return dtype;
  } catch (const FormatError&) {  // nor is it what the reader could use
  }
  throw FormatError("npy: " + sidecar +
                    ": holds something else than an array's dtype; move that file away or choose another name");
}

/// Pairs in a folder are replaced one after the other: two writers of one pair would leave one's name beside the
/// other's array. A file system without locks goes on without one. Whoever may read the folder may hold its lock, for
/// whatever reason and however long, so the wait has an end.
class PairLock {
 public:
  PairLock(const std::string& path, const std::atomic<bool>* cancel) {
    const fs::path folder = fs::path(path).parent_path();
    descriptor_ = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    try {
      wait(path, cancel);
    } catch (...) {
      release();
      throw;
    }
  }
  PairLock(const PairLock&) = delete;
  PairLock& operator=(const PairLock&) = delete;
  ~PairLock() { release(); }

 private:
  void wait(const std::string& path, const std::atomic<bool>* cancel) const {
    constexpr int kTries = 1500;  // 30 seconds; a writer holds it for a few renames
    const timespec pause{0, 20'000'000};
    for (int tries = 0;; ++tries) {
      const bool taken =
          descriptor_ >= 0 && ::flock(descriptor_, LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR);
      if (cancel != nullptr && *cancel)
        throw Cancelled("write: " + path + ": cancelled; the temporary files are removed and nothing was replaced");
      if (!taken) return;
      if (tries == kTries)
        refuse_system("write", path, "another program has locked its folder for 30 seconds", 0,
                      "end that program or choose another folder; nothing was replaced");
      ::nanosleep(&pause, nullptr);
    }
  }
  void release() const {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  int descriptor_ = -1;
};

class NpyFile final : public SequentialFile {
 public:
  NpyFile(const std::string& path, std::vector<TensorItem> items, bool overwrite)
      : SequentialFile(std::string(kFormat), path, std::move(items), overwrite), overwrite_(overwrite) {
    const TensorItem& item = order().front();
    if (!npy_names(item.dtype)) {
      dtype_ = item.dtype;
      const std::string text = "{\"dtype\": \"" + std::string(dtype_name(item.dtype)) + "\"}\n";
      sidecar_.emplace(npy_sidecar(path), overwrite);
      sidecar_->write(text.data(), text.size());
    }
    const std::string header = npy_header_bytes(npy_descr(item.dtype), item.shape);
    file().write(header.data(), header.size());
    start();
  }

 private:
  void commit(const std::atomic<bool>* cancel, const FileCheck& check) override {
    if (sidecar_) sidecar_->prepare();
    file().prepare(cancel, check);
    {
      const PairLock lock(path(), cancel);
      place_both();
    }
    file().flush_place();  // the one flush of both
  }

  void place_both() {
    const Placing placing;
    const std::optional<Name> other = take_other_sidecar();
    const bool name_first = sidecar_ && !(overwrite_ && is_there(path()));  // a fresh array is never seen without it
    try {
      if (name_first) sidecar_->place();
      file().place();
    } catch (...) {
      restore(other);
      throw;
    }
    if (sidecar_ && !name_first) place_name();
  }

  /// The array is in its place and needs its name: there is no way back.
  void place_name() {
    try {
      sidecar_->place();
    } catch (const IoError&) {
      try {
        sidecar_->place();
      } catch (const IoError& error) {
        throw PlacedError(nameless("is in place", *dtype_, error));
      }
    }
  }

  struct Name {
    DType dtype;
    std::string text;
  };

  /// Removes what stands beside the old array and says another dtype than the new one has. Returns what it said.
  std::optional<Name> take_other_sidecar() const {
    const std::string sidecar = npy_sidecar(path());
    if (!overwrite_ || !is_there(sidecar)) return std::nullopt;
    const std::optional<DType> said = replaceable_name(path());  // throws: it has become somebody else's file
    if (!said || said == dtype_) return std::nullopt;
    Name name{*said, read_text_file(sidecar)};
    std::error_code error;
    if (!fs::remove(sidecar, error) && error)
      refuse_system("write", sidecar, "cannot remove what names the old array's dtype", error.value(),
                    "remove it yourself");
    return name;
  }

  /// The names as they were: the array could not be replaced.
  void restore(const std::optional<Name>& other) const {
    std::error_code error;
    if (sidecar_ && sidecar_->placed()) fs::remove(npy_sidecar(path()), error);
    try {
      if (other) write_file_atomically(npy_sidecar(path()), other->text, false);
    } catch (const IoError& failed) {
      throw IoError(nameless("could not be replaced", other->dtype, failed));
    }
  }

  std::string nameless(const char* state, DType dtype, const IoError& error) const {
    const std::string_view text = error.what();
    std::ostringstream message;
    message << text.substr(0, text.rfind("; ")) << "; " << path() << ' ' << state << " and holds " << dtype_name(dtype)
            << ": write {\"dtype\": \"" << dtype_name(dtype) << "\"} to " << npy_sidecar(path());
    return message.str();
  }

  bool overwrite_;
  std::optional<DType> dtype_;  // that the sidecar names
  std::optional<AtomicFile> sidecar_;
};

/// A file of that name would be taken for the dtype of the new array.
void check_sidecar(const std::string& path, bool overwrite) {
  const std::string sidecar = npy_sidecar(path);
  if (!is_there(sidecar)) return;
  if (!overwrite) refuse_existing("write", sidecar, "exists, and would be read as the dtype of " + path);
  replaceable_name(path);
}

}  // namespace

void check_npy_items(const std::string& path, const std::vector<TensorItem>& items) {
  if (items.size() != 1)
    throw FormatError("npy: " + path + ": there are " + std::to_string(items.size()) +
                      " tensors and the format holds one; write a .npz");
  const TensorItem& item = items.front();
  if (npy_descr(item.dtype).empty())
    refuse_item(kFormat, path, item,
                "is of dtype " + std::string(dtype_name(item.dtype)) + ", whose elements are no whole bytes",
                "convert it to bf16, f16 or f32");
  require_rank(kFormat, path, item);
  item_bytes(kFormat, path, item);
}

std::unique_ptr<CheckpointWriter> create_npy(const std::string& path, std::vector<TensorItem> items, const Metadata&,
                                             bool overwrite) {
  check_npy_items(path, items);
  check_sidecar(path, overwrite);
  return std::make_unique<NpyFile>(path, std::move(items), overwrite);
}

}  // namespace candor::io
