"""Which devices a run uses: one, several that share each batch, or those of several workers."""

from __future__ import annotations

import concurrent.futures
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from keras_transfer_gen import checks, worker_cluster

if TYPE_CHECKING:
    import keras


_DEVICE = re.compile(r"(cpu|gpu):(\d+)")


def choose_strategy(devices: str = "auto") -> list[str] | tf.distribute.Strategy:
    """The distribution strategy for a choice of devices.

    Args:
        devices: "auto" (all GPUs that are visible, mirrored where there are several, else the default device; where
            `TF_CONFIG` names several workers, those of all of them), or a comma-separated list such as "gpu:0,gpu:1"
            or "cpu:0,cpu:1". More CPUs than there are become logical devices, which must happen before TensorFlow ran
            anything.

    Returns:
        `tf.distribute.Strategy`.

    Raises:
        UserError: for a malformed list, a device that does not exist or a malformed `TF_CONFIG`.
    """
    cluster = worker_cluster.read_cluster()
    if cluster.size > 1:
        if devices != "auto":
            step = "Each worker takes all GPUs that it sees: choose them by CUDA_VISIBLE_DEVICES."
            raise checks.user_error("devices", '"auto" where TF_CONFIG names several workers', devices, step)
        return _multi_worker(cluster)
    if devices == "auto":
        gpus = [f"gpu:{index}" for index in range(len(tf.config.list_physical_devices("GPU")))]
        return _mirrored(gpus) if len(gpus) > 1 else tf.distribute.get_strategy()
    names = [name.strip().lower() for name in devices.split(",")]
    hint = "Such as --devices gpu:0,gpu:1, or --devices auto."
    for name in names:
        if not _DEVICE.fullmatch(name):
            raise checks.user_error("devices", '"auto" or a comma-separated list of gpu:N and cpu:N', devices, hint)
    if len(set(names)) < len(names):
        raise checks.user_error("devices", "a list without repetitions", devices, hint)
    _make_logical_cpus(names)
    known = {f"{d.device_type}:{d.name.rsplit(':', 1)[-1]}".lower() for d in tf.config.list_logical_devices()}
    missing = [name for name in names if name not in known]
    if missing:
        raise checks.user_error("devices", "devices that exist: " + ", ".join(sorted(known)), devices, hint)
    return _mirrored(names) if len(names) > 1 else tf.distribute.OneDeviceStrategy(names[0])


def outside_scope(function: Callable[..., Any] | keras.Model, *args: Any) -> Any:
    """Calls a function outside of every strategy's scope: a SavedModel can't be run inside of one.

    A scope holds in its own thread alone, so the function runs in another thread where there is a scope.

    Args:
        function: what to call.
        *args: its arguments.

    Returns:
        What it returns; what it raises is raised here.

    Example:
        >>> outside_scope(len, "four")
        4
    """
    if not tf.distribute.has_strategy():
        return function(*args)
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        return pool.submit(function, *args).result()


def _mirrored(names: list[str]) -> list[str] | tf.distribute.Strategy:
    if names[0].startswith("cpu"):
        # The default collectives break once a second strategy with other shapes exists in the process.
        return tf.distribute.MirroredStrategy(names, cross_device_ops=tf.distribute.ReductionToOneDevice())
    return tf.distribute.MirroredStrategy(names)


# Of this process, by cluster: TensorFlow starts its server once.
_STRATEGIES: dict[worker_cluster.WorkerCluster, tf.distribute.Strategy] = {}


def _multi_worker(cluster: worker_cluster.WorkerCluster) -> tf.distribute.Strategy:
    if cluster not in _STRATEGIES:
        try:
            _STRATEGIES[cluster] = tf.distribute.MultiWorkerMirroredStrategy()
        except RuntimeError as error:  # "Collective ops must be configured at program startup"
            step = "Start Python again, and choose it first."
            raise checks.user_error(
                "strategy", "chosen before TensorFlow runs anything", worker_cluster.VARIABLE, step
            ) from error
        except (tf.errors.OpError, ValueError) as error:  # another program has the port, or nobody answers
            step = "Start all workers at about the same time, each at a free port that the others can reach."
            raise checks.user_error(
                worker_cluster.VARIABLE, "addresses at which all workers are", cluster.addresses, step
            ) from error
    return _STRATEGIES[cluster]


def has_workers(strategy: tf.distribute.Strategy) -> bool:
    """Whether a strategy trains with other processes (bool)."""
    resolver = strategy.cluster_resolver
    return resolver is not None and sum(map(len, resolver.cluster_spec().as_dict().values())) > 1


def _make_logical_cpus(names: list[str]) -> None:
    needed = 1 + max((int(name[4:]) for name in names if name.startswith("cpu")), default=0)
    physical = tf.config.list_physical_devices("CPU")[0]
    if needed == 1 or (tf.config.get_logical_device_configuration(physical) or [None])[needed - 1 : needed]:
        return
    try:
        tf.config.set_logical_device_configuration(physical, [tf.config.LogicalDeviceConfiguration()] * needed)
    except RuntimeError as error:
        raise checks.user_error(
            "devices", "chosen before TensorFlow runs anything", ",".join(names), "Start Python again."
        ) from error


def check_global_batch(batch_size: int, strategy: tf.distribute.Strategy) -> int:
    """Returns `batch_size`, or raises a `UserError` where the strategy's devices can't share it evenly."""
    replicas = strategy.num_replicas_in_sync
    if batch_size % replicas:
        nearest = max(batch_size // replicas, 1) * replicas
        hint = f"Each device takes the same share: use --batch-size {nearest}."
        raise checks.user_error("batch_size", f"a multiple of the {replicas} devices", batch_size, hint)
    return batch_size
