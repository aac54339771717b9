"""A count with its noun, in the singular or the plural."""


def plural(count: float, one: str, many: str = "") -> str:
    """Return `1 line`, `2 lines`; `many` is the plural where an s at the end does not make it."""
    number = f"{count:,}" if isinstance(count, int) else f"{count:g}"
    return f"{number} {one if count == 1 else many or f'{one}s'}"
