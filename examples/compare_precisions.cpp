// What bf16 costs: the logits of a model in f32 and in bf16, and how far apart they are.
//    compare_precisions MODEL 17,4,99
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <sstream>
#include <string>
#include <vector>

#include "candor/error.h"
#include "candor/generate.h"

namespace {

using namespace candor;

std::vector<TokenId> parse_tokens(const std::string& list) {
  std::vector<TokenId> tokens;
  std::istringstream words(list);
  for (std::string word; std::getline(words, word, ',');) tokens.push_back(std::stoi(word));
  return tokens;
}

// Log-probabilities [T, V].
std::vector<std::vector<double>> log_probabilities(const std::string& path, const char* precision,
                                                   const std::vector<TokenId>& tokens) {
  LoadOptions options;
  options.precision = ModelPrecision::parse(precision);
  const LanguageModel model = LanguageModel::load(path, options);
  const std::int64_t vocabulary = model.info().vocabulary;
  std::vector<std::vector<double>> rows;
  model.logits(tokens, [&](const float* values, std::int64_t count) {
    for (std::int64_t row = 0; row < count; ++row, values += vocabulary) {
      std::vector<double> x(values, values + vocabulary);
      const double largest = *std::max_element(x.begin(), x.end());
      double sum = 0;
      for (const double value : x) sum += std::exp(value - largest);
      for (double& value : x) value -= largest + std::log(sum);
      rows.push_back(std::move(x));
    }
  });
  return rows;
}

double divergence(const std::vector<double>& p, const std::vector<double>& q) {
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) sum += std::exp(p[i]) * (p[i] - q[i]);
  return sum;
}

std::ptrdiff_t top(const std::vector<double>& row) { return std::max_element(row.begin(), row.end()) - row.begin(); }

int compare(const std::string& path, const std::vector<TokenId>& tokens) {
  const auto wide = log_probabilities(path, "f32", tokens), narrow = log_probabilities(path, "bf16", tokens);
  double sum = 0;
  int same = 0;
  for (std::size_t t = 0; t < tokens.size(); ++t) {
    sum += divergence(wide[t], narrow[t]);
    same += top(wide[t]) == top(narrow[t]);
  }
  std::printf("mean KL divergence of bf16 from f32: %.2e\nsame top token: %d of %zu\n",
              sum / static_cast<double>(tokens.size()), same, tokens.size());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 3) return compare(argv[1], parse_tokens(argv[2]));
    std::fprintf(stderr, "usage: compare_precisions MODEL TOKENS\n");
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "compare_precisions: %s\n", error.what());
    return 1;
  }
}
