"""What one of several processes does in `supernet/test_batch_norm.py`: its share of each case.

Usage: normalise_together.py FOLDER RANK PROCESSES
"""

import sys
from pathlib import Path

import torch
import torch.distributed as dist

from nascore.supernet.batch_norm import ElasticBatchNorm


def run(x: torch.Tensor, probe: torch.Tensor, state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Return all that one forward and backward pass gives."""
    layer = ElasticBatchNorm(state["bn.weight"].numel(), 1e-3)
    layer.load_state_dict(state)
    x = x.detach().clone().requires_grad_()
    y = layer(x)
    (y.float() * probe).sum().backward()
    return {
        "output": y.detach(),
        "input_gradient": x.grad,
        "weight_gradient": layer.bn.weight.grad,
        "bias_gradient": layer.bn.bias.grad,
        "running_mean": layer.bn.running_mean,
        "running_var": layer.bn.running_var,
    }


if __name__ == "__main__":
    folder, rank, processes = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder / 'meeting'}", rank=rank, world_size=processes)
    cases = torch.load(folder / "cases.pt")
    for case in cases.values():
        start, end = case["bounds"][rank : rank + 2]
        case["found"] = run(case["x"][start:end], case["probe"][start:end], case["state"])
    torch.save({name: case["found"] for name, case in cases.items()}, folder / f"found{rank}.pt")
    dist.destroy_process_group()
