// Inside lib/store only: the bytes of a journal, without files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlrun::store {

std::string journal_header(std::string_view identity);

struct JournalHeader {
  std::string identity;
  size_t size = 0;  ///< of the header line
};

/// Nothing when the header line is torn (then there are no records either). Throws Error
/// ("not a journal of mlrun", "journal format 2, ...") for anything else.
std::optional<JournalHeader> parse_journal_header(std::string_view bytes);

std::string journal_record(std::string_view payload);

/// Takes the first record off `bytes` into `payload`; false, leaving both, if it is not sound.
bool take_record(std::string_view& bytes, std::string& payload);

/// Steps over a first record that is not sound, if its length leads to one that is.
bool skip_damaged_record(std::string_view& bytes);

}  // namespace mlrun::store
