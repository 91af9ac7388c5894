// Tensors one after the other into a file that appears whole or not at all: what all checkpoint writers share.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "candor/io.h"
#include "io/atomic_file.h"

namespace candor::io {

/// Refuses one tensor before the disk is touched: "FORMAT: PATH: tensor 'NAME' WHAT; REMEDY". errors: FormatError
[[noreturn]] void refuse_item(std::string_view format, const std::string& path, const TensorItem& item,
                              const std::string& what, std::string_view remedy);

/// Bytes of one tensor. errors: FormatError (no whole number of bytes below 2^63)
std::uint64_t item_bytes(std::string_view format, const std::string& path, const TensorItem& item);

/// errors   FormatError (two tensors of one name)
void require_different_names(std::string_view format, const std::string& path, const std::vector<TensorItem>& items);

/// Counts the bytes of each tensor; a format adds what stands before, between and behind them.
class SequentialFile : public CheckpointWriter {
 public:
  /// `items` in the order of writing. The file is created here; the format writes its header next, then calls start().
  /// errors   FormatError (item_bytes), IoError
  SequentialFile(std::string format, std::string path, std::vector<TensorItem> items, bool overwrite);
  SequentialFile(const SequentialFile&) = delete;
  SequentialFile& operator=(const SequentialFile&) = delete;

  const std::vector<TensorItem>& order() const override { return items_; }
  void write(const void* data, std::uint64_t bytes) override;
  void finish(const std::atomic<bool>* cancel = nullptr, const FileCheck& check = nullptr) override;

 protected:
  virtual void begin_item(std::size_t) {}                    // before a tensor's first byte, also of an empty one
  virtual void on_bytes(const std::byte*, std::uint64_t) {}  // of the current tensor, before they are written
  virtual void end_item(std::size_t) {}                      // after its last byte
  virtual void end_file() {}                                 // after the last tensor
  virtual void commit(const std::atomic<bool>* cancel, const FileCheck& check) { file_->commit(cancel, check); }

  /// Begins the first tensor: once, after the header.
  void start();
  AtomicFile& file() { return *file_; }
  const std::string& path() const { return path_; }
  std::uint64_t bytes_of(std::size_t index) const { return bytes_[index]; }

 private:
  void leave_full_items();

  std::string format_, path_;
  std::vector<TensorItem> items_;
  std::vector<std::uint64_t> bytes_;  // of each item
  std::size_t current_ = 0;           // item that write() fills
  std::uint64_t filled_ = 0;          // bytes of it that are there
  std::optional<AtomicFile> file_;    // empty after finish()
};

}  // namespace candor::io
