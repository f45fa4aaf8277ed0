"""The learning curve of a training: one row per epoch."""

from nascore.results.table import COUNT, NUMBER, TEXT, Column, Table

_EPOCH = {
    "phase": TEXT,
    "epoch": COUNT,
    "step": COUNT,
    "images": COUNT,
    "learning_rate": NUMBER,
    "loss": Column("number", "nats per image"),
}
_WATCHED = Column("number", "in [0, 1]", optional=True)

CURVE = Table(
    "a learning curve of a training",
    "train_phase",
    _EPOCH | {"accuracy_largest": _WATCHED, "accuracy_smallest": _WATCHED},
)
"""Of a supernet; accuracies of two subnets on the `search` split, NaN where they are not watched."""
FINETUNING_CURVE = Table("a learning curve of a fine-tuning", "finetune_winner", _EPOCH | {"accuracy": _WATCHED})
"""Of one subnet."""
