// The folder that a run keeps its results in.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "store/journal.h"

namespace mlrun::trials {

/// What a run wants of its folder.
struct FolderRequest {
  std::filesystem::path folder;
  std::string identity;          ///< of the run
  std::string config;            ///< the resolved experiment, which the folder will hold
  std::filesystem::path source;  ///< file of the experiment; no run replaces or removes it
  std::vector<std::filesystem::path> weights;  ///< that trainings start from; likewise
  bool overwrite = false;                      ///< removes what an earlier run left
};

/// Makes the folder if it is absent and opens its journal. Throws InputError when the folder cannot
/// be made, is where the run would overwrite what it is made from, or holds (without overwrite)
/// files of a run that no journal knows, or another experiment; then it says how `config` differs
/// from the stored one. Throws BusyError when the folder is in use. A damaged journal is told on
/// stderr.
store::Journal open_folder(const FolderRequest& request);

/// Before a run: throws where open_folder() would. Changes nothing.
void check_folder(const FolderRequest& request);

}  // namespace mlrun::trials
