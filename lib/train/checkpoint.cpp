#include "train/checkpoint.h"

#include "base/checksum.h"
#include "base/error.h"
#include "base/hex.h"
#include "store/bytes.h"

namespace mlrun::train {
namespace {

// Texts of the file.
constexpr const char* kTraining = "training";
constexpr const char* kProgress = "progress";

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
  writer.put(checkpoint.plateau.learning_rate);
  writer.put(checkpoint.plateau.best);
  writer.put(checkpoint.plateau.wait);
  writer.put(checkpoint.plateau.cooldown);
  writer.put(checksum(writer.bytes()));
  return to_hex(writer.bytes());
}

Checkpoint unpack(const std::string& hex) {
  const std::string bytes = from_hex(hex);
  if (bytes.size() < sizeof(uint64_t)) throw Error("it is cut off");
  const std::string_view content(bytes.data(), bytes.size() - sizeof(uint64_t));
  const std::string_view sum = std::string_view(bytes).substr(content.size());
  if (store::ByteReader(sum).get<uint64_t>() != checksum(content)) throw Error("it is damaged");
  store::ByteReader reader(content);
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
  checkpoint.plateau.learning_rate = reader.get<double>();
  checkpoint.plateau.best = reader.get<double>();
  checkpoint.plateau.wait = reader.get<int64_t>();
  checkpoint.plateau.cooldown = reader.get<int64_t>();
  return checkpoint;
}

}  // namespace

void write_checkpoint(const CheckpointFile& file, const Checkpoint& checkpoint,
                      StackMember& learner) {
  store::ModelFile content;
  learner.save(content);
  content.texts[kTraining] = file.training;
  content.texts[kProgress] = pack(checkpoint);
  if (!checkpoint.best_weights.empty()) {
    content.state.push_back({"best_weights",
                             {static_cast<int64_t>(checkpoint.best_weights.size())},
                             checkpoint.best_weights});
  }
  std::filesystem::create_directory(file.path.parent_path());
  store::write_model(file.path, content);
}

std::optional<Checkpoint> read_checkpoint(const CheckpointFile& file, StackMember& learner) {
  if (!std::filesystem::exists(file.path)) return std::nullopt;
  const store::ModelFile content = store::read_model(file.path);
  const auto training = content.texts.find(kTraining);
  if (training == content.texts.end() || training->second != file.training) {
    throw Error("it is of another training");
  }
  Checkpoint checkpoint = unpack(content.texts.at(kProgress));
  for (const store::NamedArray& array : content.state) {
    if (array.name == "best_weights") checkpoint.best_weights = array.values;
  }
  learner.load(content);
  return checkpoint;
}

}  // namespace mlrun::train
