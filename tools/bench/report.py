"""Rounds to verdicts to RESULTS.md."""
import dataclasses
import statistics


def number(x):
    return f"{x:.0f}" if abs(x) >= 1000 else f"{x:.3g}"


def short(values):
    return ", ".join(f"{name} {number(x)}" for name, x in values.items())


@dataclasses.dataclass
class Verdict:
    """One number of the target table: what it was in each round. Without rounds, what is wanted;
    without a target, for the record."""
    label: str
    rounds: list
    target: float | None
    at_least: bool = True
    unit: str = ""

    def median(self):
        return statistics.median(self.rounds)

    def met(self):
        value = self.median()
        return value >= self.target if self.at_least else value <= self.target

    def wanted(self):
        if self.target is None:
            return ""
        return f"{'at least' if self.at_least else 'at most'} {number(self.target)}{self.unit}"

    def cells(self):
        if not self.rounds:
            return [self.wanted(), "not measured", "", ""]
        return [self.wanted(), f"{number(self.median())}{self.unit}",
                f"{number(min(self.rounds))} - {number(max(self.rounds))}",
                "" if self.target is None else "yes" if self.met() else "**no**"]

    def line(self):
        return f"{self.label}: " + ", ".join(cell for cell in self.cells() if cell)


HEAD = "# Speed, measured"
TABLE = ["| case | number | target | median | least - most | met |", "| --- " * 6 + "|"]


class Report:
    """Keeps the sections and table rows of cases that do not run this time, and the text after
    `## Why`, which is written by hand. The machine at the head is that of the CPU's cases; a GPU's
    have theirs in their sections."""

    def __init__(self, path):
        self.path = path
        self.machine = []
        self.rows = {}
        self.sections = {}
        self.tail = []
        if path.exists():
            self._read(path.read_text().splitlines())

    def _read(self, lines):
        section = None
        for line in lines:
            if line.startswith("## Why") or self.tail:
                self.tail.append(line)
            elif line.startswith("## "):
                section = line[3:]
                self.sections[section] = []
            elif section:
                self.sections[section].append(line)
            elif line.startswith("- "):
                self.machine.append(line[2:])
            elif line.startswith("| ") and not line.startswith(("| case", "| ---")):
                self.rows.setdefault(line.split("|")[1].strip(), []).append(line)

    def leave_out(self, case, why):
        """A case that cannot run here: what was measured elsewhere stays."""
        if case.name not in self.rows:
            self._put_rows(case, case.verdicts({}))
            self.sections[case.name] = ["", f"{case.what}. Not measured: {why}.", ""]

    def _put_rows(self, case, verdicts):
        self.rows[case.name] = ["| " + " | ".join([case.name, v.label] + v.cells()) + " |"
                                for v in verdicts]

    def put(self, case, values, skipped, machine):
        verdicts = case.verdicts(values)
        self._put_rows(case, verdicts)
        lines = ["", case.what + ".", ""] + ([f"On {machine}.", ""] if machine else [])
        lines += [f"{side} was left out: {why}." for side, why in skipped.items()]
        for side, rounds in values.items():
            for key in rounds[0]:
                series = [r[key] for r in rounds]
                lines.append(f"- {side}, {key}: {number(statistics.median(series))} "
                             f"({', '.join(number(x) for x in series)})")
        for v in (v for v in verdicts if v.rounds):
            lines.append(f"- {v.label} by round: {', '.join(number(x) for x in v.rounds)}")
        self.sections[case.name] = lines + [""]

    def write(self):
        lines = [HEAD, "", "Written by `tools/bench/bench`; every number is the median of rounds in "
                 "which the sides run in turn.", ""] + [f"- {line}" for line in self.machine]
        lines += [""] + TABLE
        for rows in self.rows.values():
            lines += rows
        lines.append("")
        for name, section in self.sections.items():
            lines += ["## " + name] + section
        self.path.write_text("\n".join(lines + self.tail).rstrip("\n") + "\n")
