"""Who may read and write which conversation."""

import pytest

from services.contracts.messages import StartedConversation
from services.conversations.core import Asked, Verdict, judge, message_of
from services.kit.auth import Principal

HEAD = StartedConversation(
    conversation_id="v", contact_id="c", pool="kaarna/service", channel="email", opened_at=0
)


def ask(
    roles: str,
    *,
    tenant: str = "kaarna",
    subject: str = "anna",
    holder: tuple[str, str] | None = None,
    handled: bool = False,
    write: bool = False,
) -> Verdict:
    principal = Principal(subject, tenant, frozenset(roles.split()))
    return judge(Asked(principal, "kaarna", holder, handled, write))


@pytest.mark.parametrize("write", [False, True])
def test_agent_reads_and_writes_what_is_assigned_to_it_now(write: bool) -> None:
    assert ask("agent", holder=("kaarna", "anna"), write=write) == "allowed"
    assert ask("agent", holder=("kaarna", "bertta"), write=write) == "not_assigned"
    assert ask("agent", holder=None, write=write) == "not_assigned"


def test_agent_reads_but_does_not_write_what_was_assigned_to_it() -> None:
    assert ask("agent", handled=True) == "allowed"
    assert ask("agent", handled=True, write=True) == "not_assigned"
    assert ask("agent", handled=True, holder=("kaarna", "bertta")) == "allowed"


def test_agent_of_the_same_name_in_another_company_has_nothing() -> None:
    assert ask("agent", holder=("other", "anna")) == "not_assigned"


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize("roles", ["agent", "supervisor", "administrator", "agent supervisor"])
def test_another_company_is_not_even_told_that_it_exists(roles: str, write: bool) -> None:
    verdict = ask(roles, tenant="other", handled=True, holder=("kaarna", "anna"), write=write)
    assert verdict == "hidden"


def test_supervisor_reads_and_writes_and_administrator_reads() -> None:
    assert ask("supervisor") == "allowed"
    assert ask("supervisor", write=True) == "allowed"
    assert ask("administrator") == "allowed"
    assert ask("administrator", write=True) == "not_the_role"
    assert ask("administrator agent", holder=("kaarna", "anna"), write=True) == "allowed"


@pytest.mark.parametrize("roles", ["", "integration", "auditor"])
def test_other_roles_have_no_business_here(roles: str) -> None:
    assert ask(roles, holder=("kaarna", "anna"), handled=True) == "not_the_role"


def test_message_goes_out_on_the_conversations_channel_with_an_id_kept_over_retries() -> None:
    first = message_of(HEAD, "anna", "key", "Hei", "Vastaus", 1).data
    again = message_of(HEAD, "anna", "key", "Hei", "Vastaus", 9).data
    assert first.channel == "email"
    assert first.subject == "Vastaus"
    assert (first.author.kind, first.author.id) == ("agent", "anna")
    assert first.message_id == again.message_id
    assert first.message_id != message_of(HEAD, "bertta", "key", "Hei", "", 1).data.message_id
