// Reference-counted bytes behind tensors: owned and 64-byte aligned, or a read-only map of a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "candor/dtype.h"

namespace candor {

/// One block of bytes. The ledger counts it under its dtype from construction to destruction, by exactly bytes().
class Storage {
 public:
  /// Owned, 64-byte aligned, not initialised. From 4 MiB on it asks for huge pages; below, freed blocks are kept for
  /// the next request of the same size (at most 16 MiB in all).
  /// errors   OutOfMemory with the bytes asked for
  static std::shared_ptr<Storage> allocate(std::uint64_t bytes, DType dtype);

  /// The whole file, read-only. Not counted by itself: map_region() says what its parts are. Where the file system
  /// cannot map, it is read into memory, and its parts count as owned.
  /// errors   IoError (cannot open or map, not a regular file, changes its size meanwhile)
  static std::shared_ptr<Storage> map_file(const std::string& path);

  /// Part of a mapped file that holds elements of `dtype`; keeps the file mapped. The same part asked for twice (tied
  /// weights) is one Storage and is counted once.
  /// errors   ShapeError (beyond the end of the file)
  static std::shared_ptr<Storage> map_region(const std::shared_ptr<Storage>& file, std::uint64_t offset,
                                             std::uint64_t bytes, DType dtype);

  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  const std::byte* data() const { return data_; }
  std::byte* writable();  // errors: Error (a read-only map)
  std::uint64_t bytes() const { return bytes_; }
  DType dtype() const { return dtype_; }  // any: a whole mapped file
  bool is_mapped() const { return kind_ != Kind::owned; }
  const std::string& path() const;  // of the mapped file; empty when owned

  /// What was read of a mapped file that somebody wrote to meanwhile is of two states of it, and what was cut off
  /// inside its last page reads as zeros. To be asked after the last read; a file that was renamed, unlinked or
  /// replaced by another of its name is as it was. A write by somebody's map, or within one tick of the file system's
  /// clock, is not seen. No effect on owned storage. errors   IoError (its size or the time of its last write is not
  /// what it was when it was mapped)
  void require_unchanged() const;

  /// Tells the system that these bytes are not needed soon: whole pages inside [offset, offset + bytes) leave resident
  /// memory and are read from the file again when touched. No effect on owned storage.
  void release(std::uint64_t offset, std::uint64_t bytes) const;

 private:
  enum class Kind : std::uint8_t { owned, file, region };
  struct Mapping;
  Storage(Kind kind, std::byte* data, std::uint64_t bytes, DType dtype);

  Kind kind_;
  DType dtype_;
  std::byte* data_;
  std::uint64_t bytes_;
  std::unique_ptr<Mapping> mapping_;  // kind file: what was mapped and the regions handed out
  std::shared_ptr<Storage> file_;     // kind region: keeps the map alive
};

}  // namespace candor
