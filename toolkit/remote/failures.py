"""Errors of distribution servers: one message per status, with the server and advice."""

from toolkit.errors import RemoteError
from toolkit.http.answers import error_text

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_LARGE, TOO_MANY = 401, 403, 404, 413, 429
_SERVER_FAULT = 500


def refused(
    host: str, status: int, body: bytes, *, what: str, attempts: int, credentials: str, proxy: str | None = None
) -> RemoteError:
    """Return the error for an unexpected status; `credentials` notes which were used, or the files searched."""
    detail = error_text(body)
    more = f", through the proxy {proxy}" if proxy else ""
    more += f": {detail}" if detail else ""
    if status == UNAUTHORIZED:
        return RemoteError(
            f"{host} wants other credentials ({what}){more}",
            status=status,
            hint=f"log in with `docker login {host}`; {credentials}",
        )
    if status == FORBIDDEN:
        return RemoteError(
            f"{host} does not allow it ({what}){more}",
            status=status,
            hint=f"ask for access, or log in as another user with `docker login {host}`; {credentials}",
        )
    if status == NOT_FOUND:
        return RemoteError(f"{host} does not have it ({what}){more}", status=status, hint="check name, tag and digest")
    if status == TOO_MANY:
        return RemoteError(
            f"{host} limits the rate of requests ({what}), after {attempts} attempts{more}",
            status=status,
            hint=f"try later; logged-in users often have a higher limit: `docker login {host}`",
        )
    if status == TOO_LARGE:
        return RemoteError(
            f"{host} takes no request of this size ({what}){more}",
            status=status,
            hint="a proxy before the server may set the limit; COMP_CHUNK_SIZE=1MB sends smaller pieces",
        )
    return RemoteError(
        f"{host} answers {status}{after(attempts)} ({what}){more}",
        status=status,
        hint="the server has a problem; try again later" if status >= _SERVER_FAULT else None,
    )


def after(attempts: int) -> str:
    """Return ` after 3 attempts`, and nothing for a single one."""
    return f" after {attempts} attempts" if attempts > 1 else ""
