"""Records that stages hand to each other, made up but complete."""

from nascore.results.bundle import Bundle
from nascore.results.costs import COUNTED, Constraint
from nascore.results.search import Certificate, Infeasibility, SearchedSpace, SearchResult, Subnet
from nascore.results.validation import Contender, Split, Validation, Winner

COSTS = dict.fromkeys(COUNTED, 1000)
CERTIFICATE = Certificate(
    objective=0.9,
    best_bound=0.9,
    gap=0.0,
    top_k_proven=True,
    root_bound=0.9,
    global_combinations=1,
    closed_by_bound=0,
    paths_enumerated=1,
    binding=[],
    n_architectures=10,
    tolerance=1e-12,
)


def bound(metric: str, limit: float) -> Constraint:
    """Return an upper bound in the unit of its metric."""
    return Constraint(name=metric, metric=metric, limit=limit, limit_in_metric=limit)


def search_result(**changes) -> SearchResult:
    """Return the result of a search that proved an optimum, or what changes make of it."""
    subnet = Subnet(arch_id="0" * 16, arch={}, predicted_accuracy=0.9, lower=0.8, upper=0.95, costs=COSTS)
    fields = {
        "target": "easy",
        "searcher": "exact",
        "algorithm": "exact",
        "predictor": "additive",
        "status": "optimal",
        "message": "proven",
        "constraints": [bound("macs", 1e12)],
        "device": None,
        "fixed": {},
        "space": SearchedSpace(name="ofa_mcunet", resolutions=[32, 40], n_architectures=10, kept_to={}),
        "subnets": [subnet],
        "evaluations": 0,
        "certificate": CERTIFICATE,
        "infeasibility": None,
    }
    return SearchResult(**fields | changes)


def nothing_found(status: str = "infeasible", **changes) -> SearchResult:
    """Return the result of a search that found nothing."""
    proof = Infeasibility(reason="too large", smallest=[]) if status == "infeasible" else None
    nothing = {"status": status, "subnets": [], "certificate": None, "infeasibility": proof}
    return search_result(**nothing | changes)


def contender(role: str, arch_id: str, **changes) -> Contender:
    """Return a measured subnet that was not tested."""
    fields = {
        "role": role,
        "rank": 0,
        "arch_id": arch_id,
        "arch": {},
        "predicted_accuracy": 0.9,
        "lower": 0.8,
        "upper": 0.95,
        "search_accuracy": 0.85,
        "search_loss": 0.3,
        "test_accuracy": None,
        "test_lower": None,
        "test_upper": None,
        "test_loss": None,
        "costs": COSTS,
    }
    return Contender(**fields | changes)


def validation(contenders: list[Contender], winner: str | None, **changes) -> Validation:
    """Return a validation whose winner is the subnet of that name."""
    costs = {"costs_counted": COSTS, "costs_measured": COSTS, "satisfies_target": True}
    files = {"weights": "weights/winner.safetensors", "checkpoint_sha256": "ab" * 32}
    fields = {
        "target": "easy",
        "searcher": "exact",
        "predictor": "additive",
        "status": "validated" if winner else "infeasible",
        "message": "",
        "n_measurements": 1,
        "split_search": Split(name="search", n_images=13),
        "split_test": Split(name="test", n_images=11),
        "majority_class_accuracy": 0.5,
        "contenders": contenders,
        "winner": Winner(arch_id=winner, **costs, **files) if winner else None,
    }
    return Validation(**fields | changes)


def empty_bundle(target: str = "tiny") -> Bundle:
    """Return the checks of a bundle without a model."""
    return Bundle(target=target, status="infeasible", message="-")
