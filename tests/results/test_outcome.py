import pytest
from result_examples import contender, nothing_found, search_result, validation

from nascore.results.finetuning import FinetunedWinner, Finetuning
from nascore.results.outcome import Outcome, outcomes
from nascore.results.search import Subnet
from nascore.results.validation import TestFigures as Figures

TESTED = {"test_accuracy": 0.8, "test_lower": 0.7, "test_upper": 0.9, "test_loss": 0.5}
A, B = "a" * 16, "b" * 16


def subnet(arch_id, predicted, macs):
    costs = {"macs": macs, "thop_macs": macs, "peak_memory_bytes": 1, "params": 1, "flash_bytes": 1}
    return Subnet(arch_id=arch_id, arch={}, predicted_accuracy=predicted, lower=0.1, upper=0.99, costs=costs)


def found(**changes):
    """Return a search of two subnets: A has the best prediction."""
    return search_result(**{"subnets": [subnet(A, 0.9, 10), subnet(B, 0.85, 8)]} | changes)


def measured(winner, **changes):
    """Return a validation of both, in which one has won."""
    rows = {A: (0.9, 10), B: (0.85, 8)}
    contenders = [
        contender(
            "found",
            arch_id,
            predicted_accuracy=predicted,
            costs=subnet(arch_id, predicted, macs).costs,
            **TESTED if arch_id == winner else {},
        )
        for arch_id, (predicted, macs) in rows.items()
    ]
    return validation(contenders, winner, n_measurements=2, **changes)


def test_the_winner_has_its_own_prediction_and_costs_and_the_optimum_its_own():
    record = measured(B)
    costs = record.winner.costs_measured | {"macs": 9}
    record = record.model_copy(update={"winner": record.winner.model_copy(update={"costs_measured": costs})})
    outcome = Outcome((found(),), record)
    winner, optimum = outcome.winner, outcome.other_optimum
    assert (winner.arch_id, winner.predicted_accuracy, winner.costs["macs"]) == (B, 0.85, 9)
    assert (optimum.arch_id, optimum.predicted_accuracy, optimum.costs["macs"]) == (A, 0.9, 10)
    assert winner.test.test_accuracy == 0.8 and winner.finetuned_epochs is None
    assert winner.claim == "best measured of the 2 proven best predictions of exact"
    assert outcome.optimum_claim == "optimum of the prediction, proven"


def test_a_winner_that_is_the_optimum_is_named_once():
    outcome = Outcome((found(),), measured(A))
    assert outcome.winner.arch_id == outcome.optimum.arch_id == A and outcome.other_optimum is None


def test_without_measurements_the_winner_is_the_optimum_and_says_so():
    outcome = Outcome((found(),))
    assert (outcome.winner.arch_id, outcome.winner.test, outcome.other_optimum) == (A, None, None)
    assert outcome.winner.claim == "predicted; optimum of the prediction, proven"


@pytest.mark.parametrize("predicted", [1.2109, -0.3])
def test_a_prediction_that_is_no_accuracy_is_said_to_be_none(predicted):
    outcome = Outcome((found(subnets=[subnet(A, predicted, 10)]),))
    assert outcome.winner.claim.endswith(f"the prediction, {predicted:.4f}, is outside of [0, 1]")


def test_a_proof_of_the_first_alone_is_no_proof_of_the_list():
    certificate = found().certificate.model_copy(update={"top_k_proven": False})
    outcome = Outcome((found(certificate=certificate),), measured(B))
    assert outcome.winner.claim == "best measured of the 2 best predictions of exact"


def test_one_measured_subnet_was_no_choice():
    record = measured(A)
    record = record.model_copy(update={"contenders": record.contenders[:1], "n_measurements": 1})
    assert (
        Outcome((found(),), record).winner.claim == "optimum of the prediction, proven; the only one that was measured"
    )


def test_predictions_of_another_predictor_are_not_compared():
    """The validated searcher used another predictor than the one with a proof: the optimum is of the validated one."""
    proven = found(subnets=[subnet(A, 0.99, 10)])
    other = found(searcher="evolution", algorithm="evolution", predictor="mlp", status="found", certificate=None)
    outcome = Outcome((proven, other), measured(B, searcher="evolution", predictor="mlp"))
    assert outcome.search == other and outcome.optimum.predicted_accuracy == 0.9
    assert outcome.optimum_claim == "best prediction found, not proven"
    assert outcome.winner.claim == "best measured of the 2 best predictions of evolution"


def test_a_proof_goes_before_a_higher_prediction():
    random = found(searcher="random", algorithm="random", status="found", certificate=None)
    worse = found(subnets=[subnet(B, 0.8, 8)])
    assert Outcome((random, worse)).search == worse


@pytest.mark.parametrize(
    ("status", "claim"),
    [("infeasible", "proven infeasible"), ("not_found", "nothing found, nothing proven")],
)
def test_nothing_found(status, claim):
    outcome = Outcome((nothing_found(status),), validation([], None, status=status))
    assert (outcome.winner, outcome.optimum, outcome.other_optimum) == (None, None, None)
    assert outcome.optimum_claim == claim


def test_a_fine_tuned_winner_has_the_figures_after_it():
    record = measured(B)
    after = Figures(test_accuracy=0.9, test_lower=0.85, test_upper=0.95, test_loss=0.3)
    about = {"weights": "w", "checkpoint_sha256": "ab", "costs_measured": record.winner.costs_measured}
    tuned = FinetunedWinner(arch_id=B, epochs=3, before=record.tested["found"].test, after=after, **about)
    finetuning = Finetuning(target="easy", status="finetuned", message="", split_test=record.split_test, winner=tuned)
    winner = Outcome((found(),), record, finetuning).winner
    assert (winner.test, winner.finetuned_epochs, winner.predicted_accuracy) == (after, 3, 0.85)


def test_outcomes_are_in_the_order_of_the_targets():
    results = [found(target="b"), found(target="a"), found(target="b", searcher="random")]
    listed = outcomes(results, {"a": measured(B, target="a")})
    assert [(outcome.target, len(outcome.results)) for outcome in listed] == [("b", 2), ("a", 1)]
    assert listed[0].validation is None and listed[1].winner.arch_id == B
