// Reading and writing tensor files. Readers map the file; nothing is copied until somebody asks.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "candor/tensor.h"

namespace candor {

/// GGUF's metadata types, by their numbers in the file.
enum class GgufValueType : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, string, array, u64, i64, f64 };

/// A GGUF metadata value. Arrays are homogeneous; nested arrays are kept as vectors of values.
struct GgufValue {
  using Array = std::vector<GgufValue>;
  std::variant<std::uint64_t, std::int64_t, double, bool, std::string, std::vector<std::string>, std::vector<double>,
               std::vector<std::int64_t>, std::vector<std::uint64_t>, std::vector<bool>, Array>
      value;
  /// In the file: of the value, or of an array's elements. Without one a writer takes the widest that it can be.
  std::optional<GgufValueType> type = std::nullopt;
};

struct GgufMetadata {
  std::string file;  // names the source in errors
  std::uint32_t version = 0;
  std::map<std::string, GgufValue, std::less<>> values;

  const GgufValue* find(std::string_view key) const;
  // Typed access; errors: FormatError naming the file, the key, its type and the type wanted
  std::optional<std::string> string(std::string_view key) const;
  std::optional<std::uint64_t> unsigned_integer(std::string_view key) const;
  std::optional<std::int64_t> integer(std::string_view key) const;
  std::optional<double> number(std::string_view key) const;  // any numeric type
  std::optional<bool> boolean(std::string_view key) const;
  const std::vector<std::string>* strings(std::string_view key) const;
  std::optional<std::vector<double>> numbers(std::string_view key) const;  // any numeric array
};

/// One tensor of a checkpoint, as its header says; bounds are checked before it is listed.
struct TensorEntry {
  std::string name;
  DType dtype = DType::any;
  std::vector<std::int64_t> shape;  // row-major, outermost first (GGUF's order is reversed)
  std::uint64_t nbytes = 0;         // of its elements side by side
  std::uint64_t offset = 0;  // of the first byte, from the start of its file (compressed: of the compressed bytes)
  std::size_t file = 0;      // index into Checkpoint::files()
  std::vector<std::int64_t> strides;  // in elements; empty: row-major, side by side
  bool compressed = false;            // deflated in a .npz: only TensorReader and tensor() reach its values
};

enum class CheckpointFormat { safetensors, gguf, pytorch, npy };

struct OpenOptions {
  bool v2_as_bf16 = false;  // NumPy's two-byte void elements are bf16, which is how ml_dtypes saves them
};

/// A read-only checkpoint: a .safetensors file, a Hugging Face folder (model.safetensors or an index with shards, else
/// pytorch_model.bin or its index), a GGUF file (the first of a split set brings in the others), a PyTorch file (.pt,
/// .pth, .bin, .ckpt; its pickle is read as data, nothing in it is ever called), or a NumPy array or archive (.npy,
/// with NAME.npy.json to name a dtype that NumPy has not; .npz). What a file is, its content says and not its name.
class Checkpoint {
 public:
  /// errors   IoError (cannot open), FormatError (first violation, with its byte offset)
  static Checkpoint open(const std::string& path, const OpenOptions& options);
  static Checkpoint open(const std::string& path);

  CheckpointFormat format() const;
  const std::vector<std::string>& files() const;    // paths of the files behind it
  const std::string& index() const;                 // path of the index that names the shards; "" without one
  const std::vector<TensorEntry>& tensors() const;  // in file order
  const TensorEntry* find(std::string_view name) const;
  /// The dtype as the file spells it ("BF16", "q4_1", "type 99"); an entry whose dtype is unknown here has DType::any.
  std::string type_name(const TensorEntry& entry) const;
  const std::map<std::string, std::string, std::less<>>& safetensors_metadata() const;  // "__metadata__"; candor.json
  const GgufMetadata& gguf() const;                                                     // empty in other formats
  /// PyTorch: what pickles name ("module.name") and this library does not know, and how often. It was not called.
  const std::map<std::string, std::uint64_t, std::less<>>& unknown_symbols() const;

  /// A tensor over the mapped bytes; a copy where they are strided or compressed, or where the file places them off the
  /// dtype's own alignment, which safetensors may, so that data_as<T>() can be read.
  /// errors   FormatError (unknown name, rank > kMaxRank, damaged compressed data)
  Tensor tensor(std::string_view name) const;
  /// The entry's raw bytes, mapped. errors: Error (strided or compressed: TensorReader reads those)
  const std::byte* bytes(const TensorEntry& entry) const;
  /// Tells the system that these pages are not needed again soon: resident memory falls. Contents stay readable.
  void release(const TensorEntry& entry) const;
  void release_all() const;
  /// To be asked after the last read, before anything rests on it: the files are mapped, not copied.
  /// errors   IoError (somebody wrote to one of them, or cut it, since it was opened). A file that was renamed, removed
  ///          or replaced by another of its name is as it was
  void require_unchanged() const;

 private:
  friend class TensorReader;
  struct Impl;
  explicit Checkpoint(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

/// A tensor's bytes from front to back in row-major order, wherever the file has them: mapped, strided, compressed.
/// Memory does not grow with the tensor, but for a compressed array in Fortran order, which is inflated whole.
class TensorReader {
 public:
  /// errors   FormatError (a compressed entry that is not the checkpoint's; one in Fortran order that takes more than
  ///          64 MiB and four times its bytes in the file)
  /// `tick` is called within next() every few MiB that are inflated or gathered, and may throw to end it.
  TensorReader(const Checkpoint& checkpoint, const TensorEntry& entry, std::function<void()> tick = {});
  ~TensorReader();
  /// The next whole elements, at most `max_bytes` (at least 64 KiB are asked for); empty at the end. Valid until the
  /// next call. errors: FormatError (compressed data that are damaged)
  std::span<const std::byte> next(std::uint64_t max_bytes);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Every file that belongs to what `path` names, which `checkpoint` was opened from: its tensors, and beside
/// safetensors the index, configuration and tokenizer files that are there. None of them is a place for an output.
std::vector<std::string> model_files(const Checkpoint& checkpoint, const std::string& path);

/// One tensor of a checkpoint that is to be written.
struct TensorItem {
  std::string name;
  DType dtype = DType::any;
  std::vector<std::int64_t> shape;  // row-major, outermost first
};

/// Looks at the finished file under its temporary name, before it takes its place. What it throws leaves the place as
/// it was.
using FileCheck = std::function<void(const std::string& temporary)>;

/// Writes one checkpoint file, tensor after tensor. The same input gives the same bytes; the file appears whole or not
/// at all (temporary file, fsync, verify, rename). The destructor removes the temporary file unless finish() succeeded.
class CheckpointWriter {
 public:
  using Item = TensorItem;
  virtual ~CheckpointWriter() = default;
  /// Order in which write() expects the tensors.
  virtual const std::vector<Item>& order() const = 0;
  /// Appends bytes of the current tensor; pieces may be of any size. errors: IoError, Error (more bytes than declared)
  virtual void write(const void* data, std::uint64_t bytes) = 0;
  /// fsync, re-read and compare, `check`, rename. errors: IoError, Error (bytes are missing), Cancelled (`cancel`
  /// became true before the rename), whatever `check` throws
  virtual void finish(const std::atomic<bool>* cancel = nullptr, const FileCheck& check = nullptr) = 0;
};

/// Writes one GGUF file, version 3: metadata in the order of their keys, tensors in the order given, each at a multiple
/// of the alignment (32, or what "general.alignment" says).
class GgufWriter final : public CheckpointWriter {
 public:
  /// errors   FormatError (a name that is empty, twice there or beyond 63 bytes, rank above 4, a dtype without a GGUF
  ///          type, rows that are no whole blocks, a metadata value that is not of its type), IoError
  GgufWriter(const std::string& path, std::vector<Item> items, const GgufMetadata& metadata, bool overwrite);
  ~GgufWriter() override;

  const std::vector<Item>& order() const override;
  void write(const void* data, std::uint64_t bytes) override;
  void finish(const std::atomic<bool>* cancel = nullptr, const FileCheck& check = nullptr) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes one safetensors file: header padded so that data start 64-byte aligned, tensors by falling alignment then
/// name.
class SafetensorsWriter final : public CheckpointWriter {
 public:
  /// errors   FormatError (duplicate or illegal name, dtype without a safetensors spelling), IoError (exists and not
  ///          `overwrite`, cannot create, disk full)
  SafetensorsWriter(const std::string& path, std::vector<Item> items,
                    const std::map<std::string, std::string>& metadata, bool overwrite);
  ~SafetensorsWriter() override;

  const std::vector<Item>& order() const override;
  void write(const void* data, std::uint64_t bytes) override;
  void finish(const std::atomic<bool>* cancel = nullptr, const FileCheck& check = nullptr) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A writer of the format that the path's suffix names, which is one of checkpoint_suffixes(). Tensors are written in
/// the order given, but for safetensors. `metadata` go where the format has a place: "__metadata__" of safetensors,
/// GGUF's keys, candor.json in .npz and PyTorch's files, which torch.load() does not look at; .npy has none.
/// candor.json also names the dtypes that NumPy has not. A .npy holds one tensor, named after the file; NAME.npy.json
/// names such a dtype there, and appears and is replaced together with the array. See docs/formats.md.
/// errors   FormatError (unknown suffix; a name, a shape, a dtype, a number of tensors or metadata that the format
///          cannot hold), IoError (exists and not `overwrite`, cannot create, disk full)
std::unique_ptr<CheckpointWriter> create_checkpoint(const std::string& path, std::vector<TensorItem> items,
                                                    const std::map<std::string, std::string>& metadata, bool overwrite);

/// ".safetensors", ".npy", …: the suffixes that create_checkpoint() knows.
std::vector<std::string_view> checkpoint_suffixes();

/// Streams an f32 .npy file of shape [rows, columns]; atomic like SafetensorsWriter.
class NpyWriter {
 public:
  NpyWriter(const std::string& path, std::int64_t rows, std::int64_t columns, bool overwrite = true);
  ~NpyWriter();
  void write(const float* values, std::int64_t count);
  void finish(const std::atomic<bool>* cancel = nullptr);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Writes any file; atomic like SafetensorsWriter.
class FileWriter {
 public:
  /// errors   IoError (exists and not `overwrite`, is a folder or no regular file, cannot create)
  FileWriter(const std::string& path, bool overwrite);
  ~FileWriter();                                           // removes the temporary file unless finish() succeeded
  void write(const void* data, std::uint64_t bytes);       // errors: IoError
  void finish(const std::atomic<bool>* cancel = nullptr);  // errors: IoError, Cancelled

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Path of the file that is mapped at `address`; nullptr when none is known. Valid while the file stays mapped.
/// Async-signal-safe: for a handler of SIGBUS, which reading beyond the new end of a file that became shorter raises.
const char* mapped_file_at(const void* address) noexcept;

/// Unlinks the temporary files of every writer that has not finished. Async-signal-safe: for a handler that exits next;
/// after it has removed them no output takes its place, and whoever finishes one waits for the end. False: nothing was
/// removed, because an output is taking its place right now, in more than one step. The handler should return; it is a
/// matter of a few system calls.
bool remove_temporary_files() noexcept;

}  // namespace candor
