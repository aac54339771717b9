"""The plan: the phases that `docs/PLAN.md` names, whatever shape it names them in."""

import msgspec


class PlannedPhase(msgspec.Struct, frozen=True):
    """A phase of the plan: its number, its title, and the line that names it."""

    number: int
    title: str
    line: int


class Plan(msgspec.Struct, frozen=True):
    """The phases of a plan in the order of the document; a number may repeat."""

    path: str
    phases: tuple[PlannedPhase, ...] = ()

    @property
    def numbers(self) -> frozenset[int]:
        """The phase numbers that the plan names."""
        return frozenset(phase.number for phase in self.phases)
