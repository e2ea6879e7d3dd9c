#include "store/journal.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <span>

#include "base/error.h"
#include "scratch_folder.h"

using namespace mlrun;
using namespace mlrun::store;

namespace {

const std::string kIdentity = "0123abcd";
const std::vector<std::string> kRecords = {"first", "", std::string("\0\n\xff", 3), "the last one"};

// Bytes of a journal of kRecords, and where each record ends.
struct Sample {
  std::string bytes;
  std::vector<size_t> ends;
};

Sample write_sample(const std::filesystem::path& path) {
  Sample sample;
  Journal journal = Journal::open(path, kIdentity);
  sample.ends.push_back(std::filesystem::file_size(path));
  for (const std::string& record : kRecords) {
    journal.append(record);
    sample.ends.push_back(std::filesystem::file_size(path));
  }
  journal.sync();
  sample.bytes = read_file(path);
  return sample;
}

size_t records_before(const Sample& sample, size_t size) {
  size_t count = 0;
  while (count + 1 < sample.ends.size() && sample.ends[count + 1] <= size) ++count;
  return count;
}

std::vector<std::string> first_records(size_t count) {
  return {kRecords.begin(), kRecords.begin() + static_cast<std::ptrdiff_t>(count)};
}

// Runs `body` in a forked child and returns its exit status.
template <class Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// 1 if nothing is thrown, 2 for what is expected.
template <class Body>
int try_body(const std::string& expected, Body body) {
  try {
    body();
    return 1;
  } catch (const BusyError& error) {
    return error.what() == expected ? 2 : 3;
  }
}

int try_open(const std::filesystem::path& path, const std::string& expected) {
  return try_body(expected, [&] { Journal::open(path, kIdentity); });
}

int try_free(const std::filesystem::path& path, const std::string& expected) {
  return try_body(expected, [&] { Journal::check_free(path); });
}

}  // namespace

TEST_CASE("journal: created, then resumed with its records") {
  const ScratchFolder folder;
  const auto path = folder / "journal";
  {
    const Journal journal = Journal::open(path, kIdentity);
    CHECK(journal.origin() == JournalOrigin::kCreated);
    CHECK(journal.records().empty());
  }
  CHECK(read_file(path) == "mlrun-journal 1 0123abcd\n");
  write_sample(path);
  Journal journal = Journal::open(path, kIdentity);
  CHECK(journal.origin() == JournalOrigin::kResumed);
  CHECK(journal.identity() == kIdentity);
  CHECK(journal.records() == kRecords);
  CHECK(journal.cut_bytes() == 0);
}

TEST_CASE("journal: another experiment's is left alone until restart") {
  const ScratchFolder folder;
  const auto path = folder / "journal";
  const Sample sample = write_sample(path);
  {
    Journal journal = Journal::open(path, "other");
    CHECK(journal.origin() == JournalOrigin::kForeign);
    CHECK(journal.identity() == kIdentity);
    CHECK(journal.records().empty());
    CHECK(std::filesystem::file_size(path) == sample.bytes.size());
    journal.restart("other");
    CHECK(journal.origin() == JournalOrigin::kCreated);
    journal.append("new");
  }
  const Journal journal = Journal::open(path, "other");
  CHECK(journal.origin() == JournalOrigin::kResumed);
  CHECK(journal.records() == std::vector<std::string>{"new"});
}

TEST_CASE("journal: cut at every byte, it keeps the whole records and goes on") {
  const ScratchFolder folder;
  const auto path = folder / "journal";
  const Sample sample = write_sample(path);
  for (size_t size = 0; size < sample.bytes.size(); ++size) {
    CAPTURE(size);
    write_file_atomically(path, std::string_view(sample.bytes).substr(0, size));
    const size_t kept = records_before(sample, size);
    const size_t sound = size < sample.ends[0] ? 0 : sample.ends[kept];
    {
      Journal journal = Journal::open(path, kIdentity);
      CHECK(journal.origin() ==
            (size < sample.ends[0] ? JournalOrigin::kCreated : JournalOrigin::kResumed));
      CHECK(journal.records() == first_records(kept));
      CHECK(journal.cut_bytes() == static_cast<int64_t>(size - sound));
      journal.append("more");
    }
    std::vector<std::string> expected = first_records(kept);
    expected.push_back("more");
    CHECK(Journal::open(path, kIdentity).records() == expected);
  }
}

TEST_CASE(
    "journal: a flipped bit costs the record that holds it, and those behind a wrong length") {
  const ScratchFolder folder;
  const auto path = folder / "journal";
  const Sample sample = write_sample(path);
  for (size_t bit = sample.ends[0] * 8; bit < sample.bytes.size() * 8; ++bit) {
    CAPTURE(bit);
    std::string bytes = sample.bytes;
    bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
    write_file_atomically(path, bytes);
    const size_t sound = records_before(sample, bit / 8);
    const std::vector<std::string> kept = Journal::open(path, kIdentity).records();
    std::vector<std::string> others = kRecords;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(sound));
    if (bit / 8 < sample.ends[sound] + 4) {  // the length
      CHECK(std::ranges::equal(std::span(kept).first(sound), first_records(sound)));
      CHECK(kept.size() <= others.size());
    } else {
      CHECK(kept == others);
    }
    CHECK(read_file(path.string() + ".damaged") == bytes);
    CHECK(Journal::open(path, kIdentity).records() == kept);
  }
}

TEST_CASE("journal: a tail of zeros holds no records") {
  const ScratchFolder folder;
  const auto path = folder / "journal";
  const Sample sample = write_sample(path);
  write_file_atomically(path, sample.bytes + std::string(64, '\0'));
  const Journal journal = Journal::open(path, kIdentity);
  CHECK(journal.records() == kRecords);
  CHECK(journal.cut_bytes() == 64);
}

TEST_CASE("journal: other files are refused") {
  const ScratchFolder folder;
  const auto path = folder / "journal";
  const std::string name = path.string();
  write_file_atomically(path, "name: x\n");
  CHECK_THROWS_WITH_AS(Journal::open(path, kIdentity),
                       ("'" + name + "': not a journal of mlrun").c_str(), Error);
  write_file_atomically(path, "mlrun-journal 2 x\n");
  CHECK_THROWS_WITH_AS(
      Journal::open(path, kIdentity),
      ("'" + name + "': journal format '2', but this mlrun reads format 1").c_str(), Error);
  const auto nowhere = folder / "none" / "journal";
  CHECK_THROWS_WITH_AS(Journal::open(nowhere, kIdentity),
                       ("open '" + nowhere.string() + "': No such file or directory").c_str(),
                       Error);
}

TEST_CASE("journal: a second process is refused until the first one has ended") {
  const ScratchFolder folder;
  const auto path = folder / "journal";
  const std::string message = "another mlrun is running in '" + path.parent_path().string() +
                              "' (pid " + std::to_string(::getpid()) + ")";
  {
    Journal journal = Journal::open(path, kIdentity);
    CHECK(in_child([&] {
            journal.close_in_child();
            return try_open(path, message);
          }) == 2);
    CHECK(in_child([&] { return try_open(path, message); }) == 2);
    CHECK(in_child([&] { return try_free(path, message); }) == 2);
  }
  CHECK(in_child([&] { return try_free(path, message); }) == 1);
  CHECK(in_child([&] { return try_open(path, message); }) == 1);
}

TEST_CASE("journal: a worker that outlives the killed parent does not hold the lock") {
  const ScratchFolder folder;
  const auto path = folder / "journal";
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    const Journal journal = Journal::open(path, kIdentity);
    const pid_t worker = ::fork();
    if (worker == 0) {
      ::close(ready[1]);
      ::sleep(30);
      ::_exit(0);
    }
    write_all(ready[1], {reinterpret_cast<const char*>(&worker), sizeof worker}, "pipe");
    ::pause();
  }
  pid_t worker = 0;
  REQUIRE(::read(ready[0], &worker, sizeof worker) == sizeof worker);
  ::kill(parent, SIGKILL);
  ::waitpid(parent, nullptr, 0);
  CHECK(Journal::open(path, kIdentity).origin() == JournalOrigin::kResumed);
  ::kill(worker, SIGKILL);
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("journal: a write that fails half-way leaves no trace") {
  const ScratchFolder folder;
  const auto path = folder / "journal";
  CHECK(in_child([&] {
          ::signal(SIGXFSZ, SIG_IGN);
          Journal journal = Journal::open(path, kIdentity);
          journal.append("kept");
          const rlimit limit = {100, 100};
          ::setrlimit(RLIMIT_FSIZE, &limit);
          try {
            journal.append(std::string(200, 'x'));
          } catch (const Error&) {
            journal.append("small");
            return 4;
          }
          return 1;
        }) == 4);
  const Journal journal = Journal::open(path, kIdentity);
  CHECK(journal.records() == std::vector<std::string>{"kept", "small"});
  CHECK(journal.cut_bytes() == 0);
}

TEST_CASE("journal: who may only read it sees its records") {
  const ScratchFolder folder;
  const auto path = folder / "journal";
  Journal::open(path, kIdentity).append("kept");
  std::filesystem::permissions(path.parent_path(), std::filesystem::perms{0755});
  CHECK(in_child([&] {
          if (::geteuid() == 0 && ::setuid(65534) != 0) return 9;
          ::chmod(path.c_str(), 0444);
          Journal journal = Journal::open(path, kIdentity);
          if (journal.records() != std::vector<std::string>{"kept"}) return 2;
          try {
            journal.append("more");
          } catch (const Error&) {
            return 3;
          }
          return 4;
        }) == 3);
}

TEST_CASE("journal: one that was removed is not written to") {
  const ScratchFolder folder;
  const auto path = folder / "journal";
  Journal journal = Journal::open(path, kIdentity);
  journal.append("first");
  std::filesystem::remove(path);
  CHECK_THROWS_WITH_AS(journal.append("second"),
                       doctest::Contains("was moved or removed while its run"), Error);
}
