"""The search under a bilinear value as SCIP solves it, to check the exact search against."""

import numpy as np
from pyscipopt import Model, quicksum

from nascore.search.problem import Problem
from nascore.spaces.bilinear import BilinearForm


def scip_optimum(problem: Problem, form: BilinearForm) -> float:
    """Return the highest value within the limits of a space with one global combination; ``-inf`` if nothing fits.

    The integer quadratic program over one-hot depths and operations, where a block has as many operations as it runs: 0
    or 1. SCIP maximises linear objectives, so each product of a depth and an operation is a variable of its own.
    """
    space, model = problem.space, Model()
    model.hideOutput()
    # A millionth of a gap could hide a difference of accuracies.
    model.setParam("limits/gap", 0.0)
    depths = [(s, depth) for s, stage in enumerate(space.stages) for depth in stage.depths]
    beta = [model.addVar(vtype="B") for _ in depths]
    alpha = [[model.addVar(vtype="B") for _ in range(space.n_ops)] for _ in range(space.n_blocks)]
    for s in range(len(space.stages)):
        model.addCons(quicksum(b for b, (stage, _) in zip(beta, depths, strict=True) if stage == s) == 1)
    for block in range(space.n_blocks):
        s, place = space.stage_of_block[block], space.place_in_stage[block]
        runs = [b for b, (stage, depth) in zip(beta, depths, strict=True) if stage == s and depth > place]
        model.addCons(quicksum(alpha[block]) == quicksum(runs))
    choices = [(block, op) for block in range(space.n_blocks) for op in range(space.n_ops)]
    for cost, room in zip(problem.sum_costs[:, 0], problem.room[:, 0], strict=True):
        model.addCons(quicksum(cost[block, op] * alpha[block][op] for block, op in choices) <= room)
    worth = [form.depths[0, d] * b for d, b in enumerate(beta)]
    for block, op in choices:
        chosen = alpha[block][op]
        worth.append(form.blocks[0, block, op] * chosen)
        for d, b in enumerate(beta):
            both = model.addVar(lb=0, ub=1)
            model.addCons(both <= b)
            model.addCons(both <= chosen)
            model.addCons(both >= chosen + b - 1)
            worth.append(form.products[0, block, op, d] * both)
    model.setObjective(quicksum(worth) + form.fixed[0], "maximize")
    model.optimize()
    return float(model.getObjVal()) if model.getNSols() else -np.inf
