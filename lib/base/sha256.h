// SHA-256, of a whole text or piece by piece.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace mlrun {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void add(std::string_view bytes);

  /// Lower-case hexadecimal digest of what was added; starts over.
  std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Lower-case hexadecimal SHA-256.
std::string sha256(std::string_view bytes);

}  // namespace mlrun
