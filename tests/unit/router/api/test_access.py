"""Who may do what."""

import pytest

from services.kit.auth import Principal
from services.kit.problem import Problem
from services.router.api.access import allow

POOL = "kaarna/service"


def principal(*roles: str, tenant: str = "kaarna") -> Principal:
    return Principal("anna", tenant, frozenset(roles))


def refused(principal: Principal, *roles: str, agent: str | None = None) -> bool:
    try:
        allow(principal, POOL, *roles, agent=agent)  # type: ignore[arg-type]
    except Problem as problem:
        return problem.status == 403
    return False


def test_agent_acts_for_itself_and_nobody_else() -> None:
    assert not refused(principal("agent"), "agent", "supervisor", agent="anna")
    assert refused(principal("agent"), "agent", "supervisor", agent="bertil")


def test_agent_may_what_is_nobodys_own() -> None:
    assert not refused(principal("agent"), "agent")


def test_supervisor_acts_for_every_agent_of_the_company() -> None:
    assert not refused(principal("supervisor"), "agent", "supervisor", agent="bertil")


def test_agent_who_is_supervisor_too_acts_for_others() -> None:
    assert not refused(principal("agent", "supervisor"), "agent", "supervisor", agent="bertil")


@pytest.mark.parametrize("role", ["agent", "supervisor", "administrator", "auditor"])
def test_no_role_reaches_another_company(role: str) -> None:
    assert refused(principal(role, tenant="other"), role, agent="anna")


def test_company_whose_name_begins_alike_is_another_company() -> None:
    assert refused(principal("supervisor", tenant="kaarn"), "supervisor")


@pytest.mark.parametrize("roles", [(), ("auditor",), ("agent",), ("integration",)])
def test_role_that_is_not_named_is_refused(roles: tuple[str, ...]) -> None:
    assert refused(principal(*roles), "supervisor", "administrator")
