// Learning-rate schedules, as in Keras: functions of the step counted from 0.
#pragma once

#include "config/codec.h"

namespace mlrun::optim {

struct ScheduleKind {
  static constexpr std::string_view kName = "schedule";
};

class Schedule : public config::Component {
 public:
  virtual double at(int64_t step) const = 0;
};

const config::Catalog& schedule_catalog();

/// A number, or a schedule.
struct LearningRate {
  double value = 0.001;
  config::Ref<ScheduleKind> schedule;

  double at(int64_t step) const { return schedule ? schedule.as<Schedule>().at(step) : value; }
};

}  // namespace mlrun::optim

namespace mlrun::config {

template <>
struct Codec<optim::LearningRate> {
  static void read(const Node& node, Reader& reader, std::string_view field,
                   optim::LearningRate& out);
  static Node write(const optim::LearningRate& value);
  static std::string type() { return "float or schedule"; }
  static FieldForm form() {
    return {FieldForm::Kind::kComponent, nullptr, optim::ScheduleKind::kName};
  }
};

}  // namespace mlrun::config
