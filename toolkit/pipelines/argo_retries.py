"""How Argo tries a failed step of a pipeline again."""

import logging
import math
from typing import Any

from toolkit.pipelines.graph import Retry

log = logging.getLogger(__name__)


def retry_strategy(step: str, retry: Retry) -> dict[str, Any]:
    """Return the `retryStrategy` of a step's template; a factor that is not whole is rounded up, with a warning."""
    factor = math.ceil(retry.factor)
    if factor != retry.factor:
        log.warning("Argo takes whole factors: the waits of %s grow by %s, not by %s", step, factor, retry.factor)
    backoff = {"duration": f"{retry.wait:g}s", "factor": str(factor), "maxDuration": f"{retry.longest:g}s"}
    return {"limit": str(retry.times), "backoff": backoff}
