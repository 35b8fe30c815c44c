"""What a failure of a remote is called: one message per kind, naming the server, with advice."""

from toolkit.errors import RemoteError
from toolkit.http.answers import error_text

UNAUTHORIZED, FORBIDDEN, NOT_FOUND, TOO_LARGE, TOO_MANY = 401, 403, 404, 413, 429
_SERVER_FAULT = 500


def refused(
    host: str, status: int, body: bytes, *, what: str, attempts: int, credentials: str, proxy: str | None = None
) -> RemoteError:
    """An answer with an error status; `credentials` says which were used or where they were looked for."""
    detail = error_text(body)
    said = f", through the proxy {proxy}" if proxy else ""
    said += f": {detail}" if detail else ""
    if status == UNAUTHORIZED:
        return RemoteError(
            f"{host} wants other credentials ({what}){said}",
            status=status,
            hint=f"log in with `docker login {host}`; {credentials}",
        )
    if status == FORBIDDEN:
        return RemoteError(
            f"{host} does not allow it ({what}){said}",
            status=status,
            hint=f"ask for access, or log in as another user with `docker login {host}`; {credentials}",
        )
    if status == NOT_FOUND:
        return RemoteError(f"{host} does not have it ({what}){said}", status=status, hint="check name, tag and digest")
    if status == TOO_MANY:
        return RemoteError(
            f"{host} limits the rate of requests ({what}), after {attempts} attempts{said}",
            status=status,
            hint=f"try later; logged-in users often have a higher limit: `docker login {host}`",
        )
    if status == TOO_LARGE:
        return RemoteError(
            f"{host} takes no request of this size ({what}){said}",
            status=status,
            hint="a proxy before the server may set the limit; COMP_CHUNK_SIZE=1MB sends smaller pieces",
        )
    tried = f" after {attempts} attempts" if attempts > 1 else ""
    return RemoteError(
        f"{host} answers {status}{tried} ({what}){said}",
        status=status,
        hint="the server has a problem; try again later" if status >= _SERVER_FAULT else None,
    )
