"""The ends of the services' logs, in the report of a test that failed; conftest files import the hook."""

from collections.abc import Generator

import pytest

from tests.end_to_end.running_system import RunningSystem


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """The report, with a section for each service of the test's running system when it failed."""
    report = yield
    system = getattr(item, "funcargs", {}).get("running_system")
    if report.failed and isinstance(system, RunningSystem):
        for name, log in system.logs().items():
            report.sections.append((f"end of the log of {name}", log))
    return report
