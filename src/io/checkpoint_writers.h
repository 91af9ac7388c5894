// The writers behind create_checkpoint(): one function for each format. Refusals come before the disk is touched.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "candor/io.h"

namespace candor::io {

using Metadata = std::map<std::string, std::string>;

// errors of each: FormatError (what the format cannot hold), IoError
std::unique_ptr<CheckpointWriter> create_npy(const std::string& path, std::vector<TensorItem> items,
                                             const Metadata& metadata, bool overwrite);
std::unique_ptr<CheckpointWriter> create_npz(const std::string& path, std::vector<TensorItem> items,
                                             const Metadata& metadata, bool overwrite);
std::unique_ptr<CheckpointWriter> create_pytorch(const std::string& path, std::vector<TensorItem> items,
                                                 const Metadata& metadata, bool overwrite);

// What each of them refuses before it looks at the disk, for who plans an output. errors of each: FormatError
void check_npy_items(const std::string& path, const std::vector<TensorItem>& items);
void check_npz_items(const std::string& path, const std::vector<TensorItem>& items);
void check_pytorch_items(const std::string& path, const std::vector<TensorItem>& items);

/// errors   FormatError (2^62 bytes and more: with headers between them, places in a file would no longer be numbers)
void require_total_bytes(std::string_view format, const std::string& path, const std::vector<TensorItem>& items);

/// errors   FormatError (more than 64 dimensions, the most that NumPy and PyTorch know)
void require_rank(std::string_view format, const std::string& path, const TensorItem& item);

}  // namespace candor::io
