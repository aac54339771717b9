"""Whether an API answers: one request, short and without credentials."""

TIMEOUT_SECONDS = 5


def status_of(url: str) -> int | None:
    """Return the HTTP status with which an address answers; None where it does not."""
    # It takes longer to load than most commands to answer, and few need it.
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, build_opener

    try:
        with build_opener(ProxyHandler({})).open(url, timeout=TIMEOUT_SECONDS) as answer:
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (OSError, HTTPException, ValueError):
        return None
