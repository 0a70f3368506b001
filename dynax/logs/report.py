"""The report of an import: kept, changed and dropped samples, and further facts about the log."""

from dataclasses import asdict, dataclass, field
from typing import Any

ACTIONS = ("kept", "changed", "dropped", "noted")


@dataclass(frozen=True)
class Finding:
    """One fact about a log."""

    action: str  # one of `ACTIONS`
    where: str  # recording, column or both
    what: str  # a phrase with numbers and units


@dataclass
class Report:
    """The findings of an import, in the order in which they were found."""

    findings: list[Finding] = field(default_factory=list)

    def add(self, action: str, where: str, what: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(action, where, what))

    def rows(self) -> list[tuple[str, str, str]]:
        """Return the findings as rows of a table, in the order of `ACTIONS`."""
        ordered = sorted(self.findings, key=lambda finding: ACTIONS.index(finding.action))
        return [(finding.action, finding.where, finding.what) for finding in ordered]

    def as_list(self) -> list[dict[str, Any]]:
        """Return the findings as JSON data."""
        return [asdict(finding) for finding in self.findings]
