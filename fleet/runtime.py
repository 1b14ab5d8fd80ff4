"""Settings into a running set of parts: clients, library, memory, bus, keeper, datasets, hooks.

What only agents need is imported when it is asked for: a command that hands its task to the fleet does without.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ..bus.bus import EventBus
from ..bus.lease import LeaseKeeper
from ..config.settings import Settings, environment, known_approvers
from ..core.clock import Clock, SystemClock
from ..core.ids import worker_name
from ..memory.store import MemoryStore
from .servers.connect import Clients, connect_sync, open_clients
from .servers.library import Library
from .servers.server import ServerInfo, ensure_server

if TYPE_CHECKING:
    from ..agents.context import AgentServices
    from ..core.records.decisions.checklist import ChecklistDefinition
    from ..core.records.decisions.policy import Policy
    from ..memory.datasets import DatasetStore


@dataclass(frozen=True)
class Runtime:
    """The parts of one process, wired."""

    settings: Settings
    server: ServerInfo
    clients: Clients
    memory: MemoryStore
    bus: EventBus
    keeper: LeaseKeeper
    clock: Clock

    @cached_property
    def datasets(self) -> "DatasetStore":
        """Bulk data."""
        from ..memory.datasets import DatasetStore

        return DatasetStore(self.settings.datasets_dir)

    async def policies(self) -> "dict[str, Policy]":
        """Name -> policy, "default" being the project's; read anew each time, because they change."""
        from .decisions.policies import known_policies

        return await known_policies(self.memory, self.settings)

    def checklist(self) -> "ChecklistDefinition":
        """What is asked before a release; read anew each time."""
        from .decisions.policies import project_checklist

        return project_checklist(self.settings)

    def services(self) -> "AgentServices":
        """What an agent is handed."""
        from ..agents.context import AgentServices
        from ..hooks.manager import HookManager
        from ..hooks.verification import VerificationHookManager, VerifyBeforeTask

        verification = VerificationHookManager(self.memory, environment())
        return AgentServices(
            memory=self.memory,
            bus=self.bus,
            keeper=self.keeper,
            hooks=HookManager([VerifyBeforeTask(verification)]),
            clock=self.clock,
            datasets=self.datasets,
            policies=self.policies,
            checklist=self.checklist,
            approvers=lambda: known_approvers(self.settings),
        )


@asynccontextmanager
async def open_runtime(settings: Settings, *, name: str, server: ServerInfo | None = None) -> AsyncIterator[Runtime]:
    """Connect (starting the embedded server where there is none), wire, and close again.

    Args:
        settings: the project's.
        name: who this process is, for metadata and consumer names: "cli", "agent".
        server: the server to use; None = find or start one.

    Raises:
        ServiceUnavailable: no server, or one that cannot do what we need.
    """
    server = server or ensure_server(settings)
    clients = await open_clients(server.url, settings=settings)
    clock = SystemClock()
    library = Library(clients.commands)
    keeper = LeaseKeeper(lambda: connect_sync(server.url, settings=settings), clock.monotonic_s)
    me = worker_name(name)
    bus = EventBus(
        clients.commands,
        clients.blocking,
        library,
        keeper,
        clock=clock,
        prefix=settings.prefix,
        name=me,
        dead_cap=settings.retention.dead_letters,
    )
    try:
        yield Runtime(
            settings=settings,
            server=server,
            clients=clients,
            memory=MemoryStore(clients.commands, library, prefix=settings.prefix, writer=me),
            bus=bus,
            keeper=keeper,
            clock=clock,
        )
    finally:
        await bus.close()
        keeper.stop()
        await clients.aclose()
