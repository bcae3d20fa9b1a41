"""What the routes share: made once in `create_app`, handed to each router."""

from dataclasses import dataclass

from services.kit.auth import Auth
from services.kit.clock import Clock
from services.kit.pools import PoolDirectory
from services.kit.problem import Problem
from services.kit.publisher import Publisher
from services.router.api.commands import Commands
from services.router.api.declarations import Declarations
from services.router.api.explainer import Explainer
from services.router.api.gateway import Gateway
from services.router.api.lines import Lines
from services.router.api.replica import Replica
from services.router.api.settings import ApiSettings
from services.router.api.streams import Streams
from services.router.core.partition import Partition
from services.router.core.pool import Pool


@dataclass(frozen=True, slots=True)
class Context:
    """The parts of one routing API."""

    settings: ApiSettings
    clock: Clock
    auth: Auth
    publisher: Publisher
    directory: PoolDirectory
    replica: Replica
    commands: Commands
    declarations: Declarations
    streams: Streams
    gateway: Gateway
    lines: Lines
    explainer: Explainer

    def pool(self, name: str) -> tuple[Partition, Pool]:
        """The pool's partition and state. Raises `Problem` 404 for one that does not exist."""
        found = self.replica.find_pool(name)
        if found is None or found[1].version == 0:
            raise Problem(404, f"There is no pool {name}.")
        return found
