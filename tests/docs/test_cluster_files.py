"""The scripts of docs/cluster parse, and do what docs/machines.md says, with stand-ins for the real commands."""

import os
import subprocess
from pathlib import Path

import pytest
import yaml

from keras_transfer_gen.cli.exits import MISUSE, WORKER_LOST
from keras_transfer_gen.recipes.runs import local_workers
from keras_transfer_gen.worker_cluster import read_cluster

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "cluster"
PAGE = FOLDER.parent / "machines.md"
SLURM = FOLDER / "train.slurm"
FINISHED = '{\n  "finished": true\n}'


def job():
    """(Service, Job) of job.yaml."""
    return tuple(yaml.safe_load_all((FOLDER / "job.yaml").read_text("utf-8")))


def stand_in(folder, name, text):
    """A command of a name that runs `text` by bash; all commands lie in one folder."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/bash\n{text}\n")
    path.chmod(0o755)


def run(command, folder, **variables):
    environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "HOME": str(folder), **variables}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def worker_script():
    """What a pod runs."""
    return job()[1]["spec"]["template"]["spec"]["containers"][0]["args"][0]


def test_scripts_parse(tmp_path):
    assert run(["bash", "-n", str(SLURM)], tmp_path) == (0, "")
    assert run(["bash", "-n", "-c", worker_script()], tmp_path) == (0, "")
    lines = [line for line in SLURM.read_text("utf-8").splitlines() if line.startswith("#SBATCH")]
    assert any("--requeue" in line for line in lines) and any("--signal=TERM@120" in line for line in lines)


def test_job_has_a_pod_for_each_worker_that_the_others_find():
    service, task = job()
    spec, pod = task["spec"], task["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    variables = {entry["name"]: entry["value"] for entry in container["env"]}
    assert spec["completionMode"] == "Indexed" and spec["completions"] == spec["parallelism"]
    assert int(variables["WORKERS"]) == spec["completions"]
    assert service["spec"]["clusterIP"] == "None" and service["metadata"]["name"] == pod["subdomain"]
    assert service["spec"]["selector"] == {"job-name": task["metadata"]["name"]}
    assert spec["podFailurePolicy"]["rules"][0]["onExitCodes"]["values"] == [MISUSE]
    assert pod["restartPolicy"] == "Never" and spec["backoffLimit"] > 0  # a policy for failures needs Never


@pytest.mark.parametrize(("config", "code", "expected"), [
    (FINISHED, 0, 0), ('{"finished": false}', 0, WORKER_LOST), ("{}", WORKER_LOST, WORKER_LOST), ("{}", 2, 2),
])  # fmt: skip
def test_pod_tells_each_worker_who_it_is_and_ends_with_its_status(tmp_path, config, code, expected):
    (tmp_path / "config.json").write_text(config)
    stand_in(tmp_path / "bin", "ktg", f'echo "$TF_CONFIG"; exit {code}')
    variables = {"WORKERS": "3", "JOB_COMPLETION_INDEX": "2", "RUN": str(tmp_path)}
    status, output = run(["bash", "-c", worker_script()], tmp_path, **variables)
    cluster = read_cluster(output)
    assert status == expected and cluster.number == 2
    assert cluster.addresses == ("ktg-0.ktg:2222", "ktg-1.ktg:2222", "ktg-2.ktg:2222")


def test_signal_to_a_pod_reaches_the_training(tmp_path):
    (tmp_path / "config.json").write_text('{"finished": false}')
    stand_in(
        tmp_path / "bin",
        "ktg",
        'trap "echo saved; exit 0" TERM; sleep 1; kill -TERM $PPID; for n in {1..200}; do sleep 0.1; done',
    )
    variables = {"WORKERS": "2", "JOB_COMPLETION_INDEX": "0", "RUN": str(tmp_path)}
    assert run(["bash", "-c", worker_script()], tmp_path, **variables) == (WORKER_LOST, "saved\n")


def run_slurm(folder, *codes, config="{}"):
    """(exit status, output, starts, whether it went back to the queue), where `srun` ends with these codes in turn."""
    (folder / "runs" / "photos").mkdir(parents=True)
    (folder / "runs" / "photos" / "config.json").write_text(config)
    stand_in(folder / "bin", "scontrol", f'[ "$1" = show ] && printf "n1\\nn2\\n" || echo "$@" >> {folder}/queue')
    wanted = " ".join(map(str, codes))
    stand_in(
        folder / "bin",
        "srun",
        f'echo "$@" >> {folder}/starts; c=({wanted}); exit ${{c[$(wc -l < {folder}/starts) - 1]}}',
    )
    stand_in(folder / "bin", "sleep", "true")
    variables = {"SLURM_JOB_ID": "7", "SLURM_JOB_NODELIST": "n[1-2]"}
    status, output = run(["bash", str(SLURM)], folder, **variables)
    return status, output, len((folder / "starts").read_text().splitlines()), (folder / "queue").exists()


@pytest.mark.parametrize(("codes", "config", "expected"), [
    ([WORKER_LOST, 137, 0], FINISHED, (0, 3, False)), ([0], "{}", (0, 1, True)), ([2], "{}", (2, 1, False)),
    ([130], "{}", (130, 1, False)), ([75, 75, 75, 75, 75], "{}", (75, 5, False)),
])  # fmt: skip
def test_slurm_starts_again_after_a_worker_was_lost(tmp_path, codes, config, expected):
    status, output, starts, queued = run_slurm(tmp_path, *codes, config=config)
    assert (status, starts, queued) == expected, output
    assert output.count("the run goes on from its last checkpoint") == sum(code not in (0, 2, 130) for code in codes)


def test_slurm_tells_each_worker_who_it_is(tmp_path):
    stand_in(tmp_path / "bin", "scontrol", 'printf "n1\\nn2\\n"')
    stand_in(tmp_path / "bin", "srun", 'shift 2; SLURM_PROCID=1 exec "$@"')
    bin_folder = tmp_path / "keras_transfer_gen" / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    stand_in(bin_folder, "ktg", 'echo "$TF_CONFIG"; exit 2')
    status, output = run(["bash", str(SLURM)], tmp_path, SLURM_JOB_ID="20001", SLURM_JOB_NODELIST="n[1-2]")
    cluster = read_cluster(output)
    assert status == 2 and cluster.addresses == ("n1:20001", "n2:20001") and cluster.number == 1


def test_page_says_the_time_outs_and_statuses_that_there_are():
    text = PAGE.read_text("utf-8")
    assert f"the others have {local_workers.LEAVE_SECONDS:.0f} seconds" in text
    assert f"killed {local_workers.KILL_SECONDS:.0f} seconds" in " ".join(text.split())
    assert f"| {WORKER_LOST} |" in text and f"| {MISUSE} |" in text
