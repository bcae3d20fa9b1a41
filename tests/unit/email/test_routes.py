"""Which address belongs to which pool."""

import pytest

from services.email.routes import parse_routes
from services.kit.errors import RefusedToStart
from tests.unit.email.helpers import ROUTED


def test_mailbox_is_found_in_any_case_and_with_a_detail() -> None:
    for address in ("palvelu@kaarna.example", "PALVELU@Kaarna.Example", "palvelu+x@kaarna.example"):
        route = ROUTED.find(address)
        assert route is not None
        assert (route.pool, route.language) == ("kaarna/service", "fi")


@pytest.mark.parametrize(
    "address", ["x@kaarna.example", "palvelu@other.example", "palvelu", "", "@"]
)
def test_any_other_address_is_not_ours(address: str) -> None:
    assert ROUTED.find(address) is None


@pytest.mark.parametrize(
    "text", ["", " , ", "a@b", "a@b=pool:fi", "a@b=t/p", "a@b=t/p:de", "a b@c=t/p:fi", "a@=t/p:fi"]
)
def test_routes_that_cannot_be_read_refuse_to_start(text: str) -> None:
    with pytest.raises(RefusedToStart, match="JONOTON_EMAIL_ROUTES"):
        parse_routes(text)
