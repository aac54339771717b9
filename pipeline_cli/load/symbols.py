"""What files of code define. What may crash on hostile code is read by a process apart."""

from pipeline_cli.domain.symbols import Definitions, Unreadable
from pipeline_cli.formats import symbols, symbols_apart
from pipeline_cli.store.apart import Apart, of_ours

#: So long one file may take.
_SECONDS = 5.0


class SymbolReader:
    """Read definitions. The grammars of tree-sitter run in a helper that is started when needed:
    some of them end their process, or take all memory, on a few kilobytes of hostile source.
    """

    def __init__(self) -> None:
        self._apart = Apart(of_ours("pipeline_cli.load.symbols_helper"), _SECONDS)

    def read(self, path: str, text: str) -> Definitions | Unreadable:
        """Tell what a file defines; never raises for what the file holds."""
        if not symbols.is_foreign(path) or len(text) > symbols.MAX_BYTES:
            return symbols.definitions(path, text)
        return symbols_apart.answered(self._apart.ask(symbols_apart.question(path, text)))

    def close(self) -> None:
        """End the helper."""
        self._apart.close()
