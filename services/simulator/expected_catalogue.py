"""Part of the oracle: what the partners' catalogues say by a given time (contract, section 2).

Independent by design: nothing of `domain` or `projections`, and nothing of the generator.
"""

from typing import Any

from services.simulator.expected_intake import Event


class Catalogue:
    """The classes and packages that the given events publish.

    Of a class the latest stands; of a package the classes of the earliest, and the latest title with these.
    """

    def __init__(self, events: list[Event]) -> None:
        self._classes: dict[tuple[str, str], dict[str, Any]] = {}
        self._packages: dict[tuple[str, str], dict[str, Any]] = {}
        for event in sorted(events, key=lambda event: event["at"]):
            data = event["data"]
            if event["kind"] == "class.published":
                self._classes[event["partner"], data["class_code"]] = data
            elif event["kind"] == "package.published":
                code = event["partner"], data["package_code"]
                first = self._packages.setdefault(code, data)
                if set(first["class_codes"]) == set(data["class_codes"]):
                    self._packages[code] = data

    def published_class(self, partner: str, class_code: str) -> dict[str, Any]:
        """Title, institution, mastery score and rule; of an unpublished class the defaults."""
        data = self._classes.get((partner, class_code), {})
        return {
            "title": data.get("title"),
            "institution": data.get("institution"),
            "mastery_score": 0.6 if data.get("mastery_score") is None else data["mastery_score"],
            "move_on": data.get("move_on") or "CompletedAndPassed",
        }

    def package_title(self, partner: str, package_code: str) -> str | None:
        data = self._packages.get((partner, package_code))
        return None if data is None else str(data["title"])

    def composition(self, partner: str, package_code: str | None) -> list[str] | None:
        """The class codes of a package in the order published, or None while it is unknown."""
        data = self._packages.get((partner, str(package_code)))
        return None if data is None else list(dict.fromkeys(data["class_codes"]))

    def classes(self) -> list[tuple[str, str]]:
        """Partner and class code of every published class."""
        return sorted(self._classes)

    def packages(self) -> list[tuple[str, str]]:
        """Partner and package code of every published package."""
        return sorted(self._packages)
