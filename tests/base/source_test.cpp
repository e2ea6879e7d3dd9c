// Errors with the line and a caret.
#include "base/source.h"

#include <doctest/doctest.h>

#include "base/utf8.h"

using namespace mlrun;

namespace {

std::string rendered(const std::string& line, int column) {
  return render_error({std::make_shared<SourceText>(SourceText{"f", line}), 1, column}, "no");
}

}  // namespace

TEST_CASE("source: the caret counts characters, and what is no text is shown as ?") {
  CHECK(rendered("a: b", 4) == "f:1:4: error: no\na: b\n   ^");
  CHECK(rendered("\xc3\xa9: b", 5) == "f:1:4: error: no\n\xc3\xa9: b\n   ^");
  CHECK(rendered("\tx", 2) == "f:1:2: error: no\n x\n ^");
  CHECK(rendered("a\x1b[31mb\xff", 7) == "f:1:7: error: no\na?[31mb?\n      ^");
  CHECK(rendered("", 1) == "f:1:1: error: no");
  CHECK(render_error({}, "no") == "error: no");
}

TEST_CASE("utf8: what is shortened ends between two characters") {
  CHECK(shortened("abc", 3) == "abc");
  CHECK(shortened("abcd", 3) == "abc...");
  CHECK(shortened("a\xc3\xa9z", 2) == "a...");
  CHECK(shortened("a\xc3\xa9z", 3) == "a\xc3\xa9...");
}

TEST_CASE("source: of a long line the part around the caret is shown") {
  const std::string line = std::string(300, 'x') + "HERE" + std::string(300, 'y');
  const std::string text = rendered(line, 301);
  CHECK(text == "f:1:301: error: no\n..." + std::string(50, 'x') + "HERE" + std::string(46, 'y') +
                    "...\n" + std::string(53, ' ') + "^");
}

TEST_CASE("source: errors come in the order of the text, each once") {
  const auto source = std::make_shared<SourceText>(SourceText{"f", "a\nb"});
  Diagnostics diagnostics;
  diagnostics.error({source, 2, 1}, "second");
  diagnostics.error({source, 1, 1}, "first");
  diagnostics.error({source, 2, 1}, "second");
  CHECK(diagnostics.render() == "f:1:1: error: first\na\n^\nf:2:1: error: second\nb\n^");
}

TEST_CASE("utf8: characters by RFC 3629") {
  CHECK(utf8_length("a") == 1);
  CHECK(utf8_length("\xc3\xa9") == 2);
  CHECK(utf8_length("\xe2\x82\xac") == 3);
  CHECK(utf8_length("\xf0\x9f\x98\x80") == 4);
  for (const char* text : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80",
                           "\xf4\x90\x80\x80", "\xff", ""}) {
    CHECK(utf8_length(text) == 0);
  }
  CHECK(find_non_text("a\tb\r\n\xc3\xa9") == std::string_view::npos);
  CHECK(find_non_text("ab\x01") == 2);
  CHECK(find_non_text("ab\xe9") == 2);
}
