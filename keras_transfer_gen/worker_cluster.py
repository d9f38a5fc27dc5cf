"""The workers that train together, as `TF_CONFIG` names them. Standard library alone: read before TensorFlow loads."""

from __future__ import annotations

import dataclasses
import json
import os
import re

from keras_transfer_gen import checks

VARIABLE = "TF_CONFIG"
EXAMPLE = 'Such as {"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}.'
ROLES = ("chief", "worker")
_ADDRESS = re.compile(r"\S+:\d{1,5}")


@dataclasses.dataclass(frozen=True)
class WorkerCluster:
    """One process among those that share each batch.

    Args:
        addresses: tuple of "host:port" of all workers, the chief's first.
        number: of this worker, from 0.
    """

    addresses: tuple[str, ...] = ("",)
    number: int = 0

    @property
    def is_chief(self) -> bool:
        """Whether this worker is the first one, which alone writes files."""
        return self.number == 0

    @property
    def size(self) -> int:
        """Number of workers."""
        return len(self.addresses)


ALONE = WorkerCluster()  # a process without others


class WorkerLost(Exception):
    """Another worker of the same training ended or can't be reached: this process can't go on either."""


def describe_loss(reason: str) -> str:
    """What to do after a worker was lost, on one line; `reason` is TensorFlow's message."""
    short = checks.shorten(" ".join(reason.split()), 120)
    return (
        f"another worker of this training ended or can't be reached, so this one ends too ({short}). Start all workers "
        "again with the same command: the run goes on from its last checkpoint."
    )


def read_cluster(text: str | None = None) -> WorkerCluster:
    """The cluster that `TF_CONFIG` describes.

    Args:
        text: its content; that of the environment variable by default.

    Returns:
        `WorkerCluster`; `ALONE` where the variable is not set, or names one worker.

    Raises:
        UserError: where it is malformed, or names other tasks than workers and one chief.

    Example:
        >>> cluster = {"worker": ["a:1", "b:1"]}
        >>> read_cluster(json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 1}})).is_chief
        False
    """
    text = os.environ.get(VARIABLE, "") if text is None else text
    if not text.strip():
        return ALONE
    try:
        content = json.loads(text)
    except ValueError:
        raise _refusal("JSON", text) from None
    if not isinstance(content, dict) or not isinstance(content.get("cluster", {}), dict):
        raise _refusal('an object with "cluster" and "task"', text)
    cluster = content.get("cluster", {})
    if not cluster:
        return ALONE
    if unknown := sorted(set(cluster) - set(ROLES)):
        raise _refusal('a "cluster" of "worker" and at most one "chief"', unknown)
    for role, addresses in cluster.items():
        if not isinstance(addresses, list) or not all(isinstance(a, str) and _ADDRESS.fullmatch(a) for a in addresses):
            raise _refusal(f'a list of "host:port" as "{role}" of "cluster"', addresses)
    if len(cluster.get("chief", [])) > 1:
        raise _refusal("one chief at most", cluster["chief"])
    tasks = [(role, index) for role in ROLES for index in range(len(cluster.get(role, [])))]
    addresses = [cluster[role][index] for role, index in tasks]
    if len(set(addresses)) < len(addresses):
        raise _refusal("another address for each worker", addresses)
    task = content.get("task")
    here = (task.get("type"), task.get("index")) if isinstance(task, dict) else None
    if here not in tasks or isinstance(here[1], bool):
        listed = ", ".join(f"{role} {index}" for role, index in tasks)
        raise _refusal(f'one of these as "task", "type" and "index": {listed}', task)
    return WorkerCluster(tuple(addresses), tasks.index(here))


def _refusal(expected: str, received: object) -> checks.UserError:
    return checks.user_error(VARIABLE, expected, received, EXAMPLE)
