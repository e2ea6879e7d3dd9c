// How each C++ type is read from and written to the experiment file.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/suggest.h"
#include "config/catalog.h"
#include "config/fields.h"
#include "config/scalar.h"

namespace mlrun::config {

/// Specialise with `static constexpr std::array<std::pair<E, const char*>, N> kNames`.
template <class E>
struct EnumNames;

template <>
struct Codec<bool> {
  static void read(const Node& node, Reader& reader, std::string_view field, bool& out) {
    const auto value = node.is_scalar() && !node.quoted ? parse_bool(node.scalar) : std::nullopt;
    if (!value) return wrong_type(node, reader, field, "true or false");
    out = *value;
  }
  static Node write(bool value) { return Node::of(value ? "true" : "false"); }
  static std::string type() { return "bool"; }
  static FieldForm form() { return {}; }
};

template <>
struct Codec<int64_t> {
  static void read(const Node& node, Reader& reader, std::string_view field, int64_t& out) {
    const auto value = node.is_scalar() && !node.quoted ? parse_int(node.scalar) : std::nullopt;
    if (!value && node.is_scalar() && !node.quoted && is_huge_int(node.scalar)) {
      return reader.error(node.mark, std::string(field) + " is too large: " + node.scalar);
    }
    if (!value) return wrong_type(node, reader, field, "a whole number");
    out = *value;
  }
  static Node write(int64_t value) { return Node::of(std::to_string(value)); }
  static std::string type() { return "int"; }
  static FieldForm form() { return {}; }
};

template <>
struct Codec<double> {
  static void read(const Node& node, Reader& reader, std::string_view field, double& out) {
    const auto value = node.is_scalar() && !node.quoted ? parse_float(node.scalar) : std::nullopt;
    if (!value) return wrong_type(node, reader, field, "a number");
    if (!std::isfinite(*value)) return wrong_type(node, reader, field, "a finite number");
    const std::string misfit = float_misfit(node.scalar, *value);
    if (!misfit.empty()) return reader.error(node.mark, std::string(field) + " is " + misfit);
    out = *value;
  }
  static Node write(double value) { return Node::of(format_float(value)); }
  static std::string type() { return "float"; }
  static FieldForm form() { return {}; }
};

template <>
struct Codec<std::string> {
  static void read(const Node& node, Reader& reader, std::string_view field, std::string& out) {
    if (!node.is_scalar()) return wrong_type(node, reader, field, "a string");
    out = node.scalar;
  }
  static Node write(const std::string& value) { return Node::of(value, true); }
  static std::string type() { return "string"; }
  static FieldForm form() { return {}; }
};

template <class E>
requires std::is_enum_v<E>
struct Codec<E> {
  static void read(const Node& node, Reader& reader, std::string_view field, E& out) {
    if (!node.is_scalar()) return wrong_type(node, reader, field, "one of " + type());
    std::vector<std::string> known;
    for (const auto& [value, name] : EnumNames<E>::kNames) {
      if (node.scalar == name) {
        out = value;
        return;
      }
      known.emplace_back(name);
    }
    reader.error(node.mark, std::string(field) + " must be one of " + type() + ", not '" +
                                node.scalar + "'" + did_you_mean(node.scalar, known));
  }
  static Node write(E value) {
    for (const auto& [candidate, name] : EnumNames<E>::kNames) {
      if (candidate == value) return Node::of(name);
    }
    return {};
  }
  static std::string type() {
    std::string text;
    for (const auto& [value, name] : EnumNames<E>::kNames) {
      text += (text.empty() ? "" : " | ") + std::string(name);
    }
    return text;
  }
  static FieldForm form() { return {}; }
};

/// Absent or null means "not set".
template <class T>
struct Codec<std::optional<T>> {
  static void read(const Node& node, Reader& reader, std::string_view field,
                   std::optional<T>& out) {
    if (node.is_null()) {
      out.reset();
      return;
    }
    T value{};
    Codec<T>::read(node, reader, field, value);
    out = std::move(value);
  }
  static Node write(const std::optional<T>& value) {
    return value ? Codec<T>::write(*value) : Node();
  }
  static std::string type() { return Codec<T>::type(); }
  static FieldForm form() { return Codec<T>::form(); }
};

/// A list; one value alone stands for a list of one.
template <class T>
struct Codec<std::vector<T>> {
  static void read(const Node& node, Reader& reader, std::string_view field, std::vector<T>& out) {
    out.clear();
    const std::string item_name = "each of " + std::string(field);
    if (node.is_sequence()) {
      for (const Node& item : node.items) {
        if (item.is_null()) {
          reader.error(item.mark, "nothing stands here in the list of " + std::string(field));
          continue;
        }
        T value{};
        Codec<T>::read(item, reader, item_name, value);
        out.push_back(std::move(value));
      }
    } else if (!node.is_null()) {
      T value{};
      Codec<T>::read(node, reader, field, value);
      out.push_back(std::move(value));
    }
  }
  static Node write(const std::vector<T>& values) {
    Node node = Node::sequence();
    for (const T& value : values) node.items.push_back(Codec<T>::write(value));
    return node;
  }
  static std::string type() { return "list of " + Codec<T>::type(); }
  static FieldForm form() {
    FieldForm form = Codec<T>::form();
    if (form.kind == FieldForm::Kind::kComponent) form.kind = FieldForm::Kind::kComponentList;
    return form;
  }
};

/// A map of names to numbers.
template <>
struct Codec<std::map<std::string, double>> {
  static void read(const Node& node, Reader& reader, std::string_view field,
                   std::map<std::string, double>& out) {
    if (!node.is_map()) return wrong_type(node, reader, field, "a map of names to numbers");
    out.clear();
    for (const Entry& entry : node.entries) {
      Codec<double>::read(entry.value, reader, std::string(field) + "." + entry.key,
                          out[entry.key]);
    }
  }
  static Node write(const std::map<std::string, double>& values) {
    if (values.empty()) return {};
    Node node = Node::map();
    for (const auto& [name, value] : values) node[name] = Codec<double>::write(value);
    return node;
  }
  static std::string type() { return "map of float"; }
  static FieldForm form() { return {FieldForm::Kind::kMap, nullptr, {}}; }
};

/// A struct with its own field list.
template <class T>
requires requires {
  { T::fields() } -> std::convertible_to<const FieldList&>;
} &&(!std::is_base_of_v<Component, T>)struct Codec<T> {
  static void read(const Node& node, Reader& reader, std::string_view, T& out) {
    T::fields().read(&out, node, reader);
  }
  static Node write(const T& value) { return T::fields().write(&value); }
  static std::string type() { return "map"; }
  static FieldForm form() { return {FieldForm::Kind::kSpec, &T::fields(), {}}; }
};

template <class K>
struct Codec<Ref<K>> {
  /// Nothing, as `activation: null`, leaves the default.
  static void read(const Node& node, Reader& reader, std::string_view, Ref<K>& out) {
    if (!node.is_null()) read_component(node, reader, K::kName, out);
  }
  static Node write(const Ref<K>& value) { return write_component(value); }
  static std::string type() { return std::string(K::kName); }
  static FieldForm form() { return {FieldForm::Kind::kComponent, nullptr, K::kName}; }
};

extern template struct FieldOf<bool>;
extern template struct FieldOf<int64_t>;
extern template struct FieldOf<double>;
extern template struct FieldOf<std::string>;
extern template struct FieldOf<std::optional<int64_t>>;
extern template struct FieldOf<std::optional<double>>;
extern template struct FieldOf<std::optional<std::string>>;
extern template struct FieldOf<std::vector<int64_t>>;
extern template struct FieldOf<std::vector<double>>;
extern template struct FieldOf<std::vector<std::string>>;
extern template struct FieldOf<std::optional<std::vector<int64_t>>>;
extern template struct FieldOf<std::optional<std::vector<std::string>>>;

}  // namespace mlrun::config
