// The tables of results.h5 (schema 1) from the records of a run.
#pragma once

#include <map>
#include <string>

#include "store/results.h"
#include "trials/device_samples.h"
#include "trials/record.h"
#include "trials/search.h"

namespace mlrun::trials {

/// What the root attributes say of the run.
struct RunFacts {
  std::string version;
  std::string command_line;
  std::string git_revision;
  std::string libraries;  ///< "HDF5 1.10.8, OpenBLAS 0.3.21 ..."
  std::string devices;    ///< "cpu: cores 0, 1"
  std::string host;
  std::string created;
  int workers = 1;
  int threads = 1;
  bool complete = true;
};

/// Deterministic apart from the facts, the times and what was measured of devices. /devices is
/// there if a GPU was used.
store::ResultsFile make_results(const Search& search, const std::map<int32_t, TrialRecord>& records,
                                const DeviceSamples& samples, const RunFacts& facts);

/// Cells by rank as a table for people: rank, cell, mean and std of the score, parameters, params.
store::Table ranking_table(const Search& search, const std::map<int32_t, TrialRecord>& records);

}  // namespace mlrun::trials
