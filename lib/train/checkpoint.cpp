#include "train/checkpoint.h"

#include "base/hex.h"
#include "store/bytes.h"

namespace mlrun::train {
namespace {

// Doubles do not fit float32 arrays, so what is not a weight travels as hexadecimal bytes.
std::string pack(const Checkpoint& checkpoint) {
  store::ByteWriter writer;
  writer.put(checkpoint.next_epoch);
  writer.put(checkpoint.stopping.best);
  writer.put(checkpoint.stopping.best_epoch);
  writer.put(checkpoint.stopping.wait);
  writer.put(static_cast<int64_t>(checkpoint.history.size()));
  for (const EpochRecord& record : checkpoint.history) {
    writer.put(record.epoch);
    writer.put(record.training);
    writer.put(record.validation);
    writer.put(record.seconds);
  }
  return to_hex(writer.bytes());
}

Checkpoint unpack(const std::string& hex) {
  const std::string bytes = from_hex(hex);
  store::ByteReader reader(bytes);
  Checkpoint checkpoint;
  checkpoint.next_epoch = reader.get<int64_t>();
  checkpoint.stopping.best = reader.get<double>();
  checkpoint.stopping.best_epoch = reader.get<int64_t>();
  checkpoint.stopping.wait = reader.get<int64_t>();
  checkpoint.history.resize(static_cast<size_t>(reader.get<int64_t>()));
  for (EpochRecord& record : checkpoint.history) {
    record.epoch = reader.get<int64_t>();
    record.training = reader.get_vector<double>();
    record.validation = reader.get_vector<double>();
    record.seconds = reader.get<double>();
  }
  return checkpoint;
}

}  // namespace

void write_checkpoint(const std::filesystem::path& path, const Checkpoint& checkpoint,
                      Learner& learner) {
  store::ModelFile file;
  learner.save(file);
  file.texts["training"] = pack(checkpoint);
  if (!checkpoint.best_weights.empty()) {
    file.state.push_back({"best_weights",
                          {static_cast<int64_t>(checkpoint.best_weights.size())},
                          checkpoint.best_weights});
  }
  std::filesystem::create_directories(path.parent_path());
  store::write_model(path, file);
}

std::optional<Checkpoint> read_checkpoint(const std::filesystem::path& path, Learner& learner) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  const store::ModelFile file = store::read_model(path);
  learner.load(file);
  Checkpoint checkpoint = unpack(file.texts.at("training"));
  for (const store::NamedArray& array : file.state) {
    if (array.name == "best_weights") checkpoint.best_weights = array.values;
  }
  return checkpoint;
}

}  // namespace mlrun::train
