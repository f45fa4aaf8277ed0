import socket
import subprocess
import time

import psutil
import pytest
import torch
from messages import facts
from two_processes import train, train_as
from warm_start import SERVER, serve

from nascore.errors import TrainingError
from nascore.training.launch import command, run_phase


@pytest.mark.slow
@pytest.mark.parametrize("space", ["ofa_mcunet", "binas"])
def test_two_processes_train_as_one(store, tmp_path, space):
    # In double precision, where two ways to add up are no difference that AdamW would blow up: it divides by the size
    # of the gradient, which is rounding noise alone for the biases that the next batch normalisation takes away.
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # What torchrun sets, without the time that its own start takes.
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "TORCHELASTIC_RUN_ID": "test", "WORLD_SIZE": "2"}
    call = (meeting, str(store.folder), str(tmp_path / "two.pt"), space)
    serve()
    running = [SERVER.Process(target=train_as, args=(rank, *call)) for rank in range(2)]
    for process in running:
        process.start()
    alone = train(str(store.folder), 1, space)
    for process in running:
        process.join(timeout=120)
    assert [process.exitcode for process in running] == [0, 0]
    together = torch.load(tmp_path / "two.pt")
    assert alone.keys() == together.keys()
    for name, value in alone.items():
        torch.testing.assert_close(together[name], value, rtol=1e-5, atol=1e-5, msg=name)


@pytest.mark.long
def test_an_error_of_one_process_ends_all_with_its_message(make_job, tmp_path, capfd):
    others = psutil.Process().children()
    jobs = [make_job(tmp_path / str(n), processes=n, epochs=1, batch_size=19, learning_rate=1e-3) for n in (1, 2)]
    for job in jobs:
        job.checkpoint.mkdir(parents=True)  # where the first process writes at the end
        with pytest.raises(Exception, match=facts(job.checkpoint, "Is a directory")) as raised:
            run_phase(job)
    assert type(raised.value) is TrainingError and "\n" not in str(raised.value)
    assert psutil.Process().children() == others
    assert capfd.readouterr().out.count("phase sandwich, epoch: 1/1") == 1  # the first of two processes alone reports
    # Until then all went well. One step in single precision is the same but for weights whose gradient is noise.
    alone, together = (torch.load(job.resume, weights_only=True) for job in jobs)
    assert together["curve"][0]["loss"] == pytest.approx(alone["curve"][0]["loss"], rel=1e-5)
    differences = [(value - together["supernet"][name]).abs() for name, value in alone["supernet"].items()]
    n_far = sum(int((difference > 1e-5).sum()) for difference in differences)
    assert n_far < 0.01 * sum(difference.numel() for difference in differences)


@pytest.mark.long
def test_no_process_outlives_the_one_that_started_it(make_job, tmp_path):
    job, file = make_job(tmp_path, processes=2, epochs=500), tmp_path / "job.json"
    file.write_text(job.model_dump_json())
    with subprocess.Popen(command(str(file), 2), stdin=subprocess.PIPE, stderr=subprocess.DEVNULL) as torchrun:
        deadline = time.monotonic() + 120
        while not job.resume.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        workers = psutil.Process(torchrun.pid).children(recursive=True)
        assert sum("nascore.training" in worker.cmdline() for worker in workers) == 2
        torchrun.stdin.close()  # as happens when the process that holds it is killed
        assert psutil.wait_procs(workers, timeout=60)[1] == []
        assert torchrun.wait(timeout=60) != 0
